import type { Condition } from "./bindings/Condition";

/** How prominently a condition is drawn. */
export type Tone = "calm" | "note" | "alert";

export interface ConditionWords {
  word: string;
  tone: Tone;
  /** Label of the button that opens the sign-in steps, if signing in helps. */
  signIn: string | null;
}

const CONDITIONS: Record<Condition, ConditionWords> = {
  unknown: { word: "No reading yet", tone: "calm", signIn: null },
  ok: { word: "Up to date", tone: "calm", signIn: null },
  stale: { word: "Stale reading", tone: "note", signIn: null },
  cooling_down: { word: "Cooling down", tone: "note", signIn: null },
  paused: { word: "Paused", tone: "alert", signIn: "Sign in again…" },
  expired: { word: "Sign-in expired", tone: "note", signIn: "How to sign in…" },
  absent: { word: "No sign-in", tone: "alert", signIn: "How to sign in…" },
};

export function conditionWords(condition: Condition): ConditionWords {
  return CONDITIONS[condition];
}
