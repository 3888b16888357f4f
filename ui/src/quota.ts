import type { Percent } from "./bindings/Percent";
import type { WindowView } from "./bindings/WindowView";
import { age, percentText, timeLeft, wholePercent } from "./format";

export type Level = "normal" | "high" | "full";

/** A percentage for the bar, the text and screen readers. */
export interface Gauge {
  /** The filled part of the bar, 0–100. Null if unknown. */
  fill: number | null;
  text: string;
  level: Level;
  /** The level in words, because not everyone can see its colour. */
  warning: string | null;
  /** Where an even pace would be on the bar, 0–100. Null if unknown. */
  even: number | null;
  /** Where the bar is expected to end at the reset, 0–100. Null without a forecast. */
  expected: number | null;
}

/** What the bar of a window shows beside its percentage, in percent used. */
export interface Marks {
  even: number | null;
  expected: number | null;
}

const UNMARKED: Marks = { even: null, expected: null };

export function gauge(usedPercent: number | null, shown: Percent, marks: Marks = UNMARKED): Gauge {
  const text = percentText(usedPercent, shown);
  const whole = wholePercent(usedPercent);
  if (usedPercent === null || whole === null) {
    return { fill: null, text, level: "normal", warning: null, ...UNMARKED };
  }
  const onBar = (used: number | null): number | null => {
    if (used === null) return null;
    const within = Math.min(100, Math.max(0, used));
    return shown === "used" ? within : 100 - within;
  };
  return {
    fill: onBar(usedPercent),
    text,
    level: levelOf(whole),
    warning: warningAt(whole),
    even: onBar(marks.even),
    expected: onBar(marks.expected),
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

/** A quota window at a given time. A reset since the view was made counts immediately. */
export interface ShownWindow {
  gauge: Gauge;
  /** "resets in 2 h 13 min", or why there is no percentage. Null if there is neither. */
  detail: string | null;
  /** The clock time of the next reset. */
  clock: string | null;
  /** "18 % ahead of an even pace". Null if that is unknown. */
  pace: string | null;
  /** When it will run out. Null if there is no forecast. */
  forecast: string | null;
  /** When and from where it was read, if that differs from the reading. */
  read: string | null;
}

const NOTHING = { clock: null, pace: null, forecast: null };

function readWhere(window: WindowView, nowMs: number): string | null {
  const ago = age(window.read_at_ms, nowMs);
  return ago === null ? null : `read ${ago} from ${window.read_source}`;
}

export function shownWindow(window: WindowView, nowMs: number, shown: Percent): ShownWindow {
  const left = timeLeft(window.resets_at_ms, nowMs);
  const read = readWhere(window, nowMs);
  const isOver = window.was_reset || (window.resets_at_ms !== null && left === null);
  if (isOver) {
    return { gauge: gauge(null, shown), detail: "reset; no reading since", ...NOTHING, read };
  }
  const marks = { even: window.even_percent, expected: window.expected_percent };
  const current = gauge(window.used_percent, shown, marks);
  if (current.fill === null) {
    return { gauge: current, detail: "does not apply", ...NOTHING, read };
  }
  const { forecast, pace } = window;
  if (left === null) return { gauge: current, detail: null, clock: null, pace, forecast, read };
  const clock = window.resets_clock;
  return { gauge: current, detail: `resets in ${left}`, clock, pace, forecast, read };
}

/** The leading window, and the others in their order. */
export function leadFirst(windows: WindowView[], leading: string | null): WindowView[] {
  const lead = windows.filter(({ id }) => id === leading);
  return [...lead, ...windows.filter(({ id }) => id !== leading)];
}
