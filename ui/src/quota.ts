import type { PercentShown } from "./bindings/PercentShown";
import type { WindowView } from "./bindings/WindowView";
import { percentText, timeLeft, wholePercent } from "./format";

export type Level = "normal" | "high" | "full";

/** A percentage as it is drawn and spoken. */
export interface Gauge {
  /** How much of the bar is filled, 0–100. Null when nothing is known. */
  fill: number | null;
  text: string;
  level: Level;
  /** What the level means, in words, because colour alone does not reach everyone. */
  warning: string | null;
}

export function gauge(usedPercent: number | null, shown: PercentShown): Gauge {
  const text = percentText(usedPercent, shown);
  const whole = wholePercent(usedPercent);
  if (usedPercent === null || whole === null) {
    return { fill: null, text, level: "normal", warning: null };
  }
  const used = Math.min(100, Math.max(0, usedPercent));
  return {
    fill: shown === "used" ? used : 100 - used,
    text,
    level: levelOf(whole),
    warning: warningAt(whole),
  };
}

function levelOf(wholeUsed: number): Level {
  if (wholeUsed >= 95) return "full";
  return wholeUsed >= 80 ? "high" : "normal";
}

function warningAt(wholeUsed: number): string | null {
  if (wholeUsed > 100) return "over the limit";
  if (wholeUsed === 100) return "used up";
  if (wholeUsed >= 95) return "nearly used up";
  return wholeUsed >= 80 ? "high" : null;
}

/** One quota window at a moment: a reset that has come since the view was made counts at once. */
export interface ShownWindow {
  gauge: Gauge;
  /** "resets in 2 h 13 min", or why there is no percentage. Null when there is nothing to say. */
  detail: string | null;
  /** The clock time of a reset that is still to come. */
  clock: string | null;
}

export function shownWindow(window: WindowView, nowMs: number, shown: PercentShown): ShownWindow {
  const left = timeLeft(window.resets_at_ms, nowMs);
  const isOver = window.was_reset || (window.resets_at_ms !== null && left === null);
  if (isOver) {
    return { gauge: gauge(null, shown), detail: "reset; not read since", clock: null };
  }
  const current = gauge(window.used_percent, shown);
  if (current.fill === null) {
    return { gauge: current, detail: "does not apply", clock: null };
  }
  if (left === null) return { gauge: current, detail: null, clock: null };
  return { gauge: current, detail: `resets in ${left}`, clock: window.resets_clock };
}
