import type { AccountChoice } from "../bindings/AccountChoice";
import type { AccountView } from "../bindings/AccountView";
import type { MoneyView } from "../bindings/MoneyView";
import type { OfferView } from "../bindings/OfferView";
import type { ReadingView } from "../bindings/ReadingView";
import type { RefreshView } from "../bindings/RefreshView";
import type { SettingsView } from "../bindings/SettingsView";
import type { SignInView } from "../bindings/SignInView";
import type { StepView } from "../bindings/StepView";
import type { View } from "../bindings/View";
import type { WindowView } from "../bindings/WindowView";
import { NOT_POSSIBLE } from "./updates";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Monday, 14 September 2026, 13:17 UTC: the moment that every scenario shows. */
export const NOW = Date.UTC(2026, 8, 14, 13, 17);

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

function clock(ms: number): string {
  const time = new Date(ms);
  const hours = String(time.getUTCHours()).padStart(2, "0");
  const minutes = String(time.getUTCMinutes()).padStart(2, "0");
  const isToday = Math.floor(ms / DAY) === Math.floor(NOW / DAY);
  const day = isToday ? "" : `${WEEKDAYS[time.getUTCDay()]} `;
  return `${day}${hours}:${minutes}`;
}

/** A time that is told of something that waits is not too early: the first whole minute at which it is over. */
function notBefore(ms: number): string {
  return clock(Math.ceil(ms / MINUTE) * MINUTE);
}

export function quota(
  id: string,
  label: string,
  usedPercent: number | null,
  resetsInMs: number | null,
  rest: Partial<WindowView> = {},
): WindowView {
  const resetsAt = resetsInMs === null ? null : NOW + resetsInMs;
  return {
    id,
    label,
    used_percent: usedPercent,
    resets_at_ms: resetsAt,
    resets_clock: resetsAt === null ? null : clock(resetsAt),
    was_reset: false,
    binding: false,
    forecast: null,
    runs_out: false,
    read_at_ms: null,
    read_source: null,
    ...rest,
  };
}

export const FIVE_HOUR = quota("five_hour", "5-hour", 42, 2 * HOUR + 13 * MINUTE);
export const WEEKLY = quota("seven_day", "Weekly", 26, 4 * DAY + 8 * HOUR + 43 * MINUTE);
export const FABLE = quota("weekly_scoped:fable", "Fable", 82, 4 * DAY + 8 * HOUR + 43 * MINUTE, {
  binding: true,
});

export const EXTRA_USAGE: MoneyView = {
  id: "extra_usage",
  label: "Extra usage",
  used: "$12.34",
  limit: "$100.00",
  used_percent: 12.34,
  note: null,
};

export function reading(agoMs: number, rest: Partial<ReadingView> = {}): ReadingView {
  return {
    at_ms: NOW - agoMs,
    source: "Anthropic's usage endpoint",
    stale: false,
    ...rest,
  };
}

export const OPEN: RefreshView = { allowed: true, reason: null, button: null };

/** Why nothing is asked so soon after a request. */
export const SPACING = "the last request was less than 3 minutes ago.";

export function shut(inMs: number, why: string): RefreshView {
  const until = notBefore(NOW + inMs);
  return {
    allowed: false,
    reason: `Not before ${until}: ${why}`,
    button: `Not before ${until}`,
  };
}

export function noTimeHelps(reason: string): RefreshView {
  return { allowed: false, reason, button: null };
}

export const SIGNED_IN: SignInView = {
  state: "ok",
  title: "Signed in",
  text: "Holdoff reads the sign-in Claude Code keeps, and never writes to it.",
  found_at: "~/.claude/.credentials.json",
  plan: "Max",
  expires_at_ms: NOW + 5 * HOUR + 12 * MINUTE,
  expires_clock: clock(NOW + 5 * HOUR + 12 * MINUTE),
  steps: [],
  offer: null,
  mended: null,
  other_account: null,
};

export const OFFER: OfferView = {
  button: "Open a terminal and sign in",
  urgent: true,
  command: "claude auth login",
  problem: null,
  address: null,
};

const CHECK: StepView = {
  progress: "next",
  text: "Holdoff checks it with one request, and goes on.",
};

/** Nobody has begun yet. */
export function toDo(text: string, offer: Partial<OfferView> = {}): Partial<SignInView> {
  const finish = "Finish it in your browser. Holdoff notices the new sign-in by itself.";
  return {
    steps: [{ progress: "now", text }, { progress: "next", text: finish }, CHECK],
    offer: { ...OFFER, ...offer },
  };
}

/** A terminal is open. */
export function underWay(text: string): Partial<SignInView> {
  const waiting = "Waiting for the new sign-in… Finish it in the terminal and in your browser.";
  return {
    steps: [{ progress: "done", text }, { progress: "under_way", text: waiting }, CHECK],
    offer: { ...OFFER, button: "Open it again" },
  };
}

/** The new sign-in is there. */
export function checking(text: string): Partial<SignInView> {
  return {
    title: "New sign-in found",
    text: "Claude Code has a new sign-in. Holdoff tries it with one request, and then goes on as before.",
    steps: [
      { progress: "done", text: "A new sign-in was needed." },
      { progress: "done", text: "The new sign-in is there." },
      { progress: "under_way", text },
    ],
  };
}

/** The fields of the next request, `inMs` from now, which is over while it is asked; null when none is planned. */
export function nextRequest(
  inMs: number | null,
): Pick<AccountView, "next_request_ms" | "next_request_clock"> {
  if (inMs === null) return { next_request_ms: null, next_request_clock: null };
  return { next_request_ms: NOW + inMs, next_request_clock: notBefore(NOW + inMs) };
}

export const ACCOUNT: AccountView = {
  provider: "anthropic",
  id: "anthropic:ann",
  label: "ann@example.com",
  plan: "Max",
  condition: "ok",
  status: "Next request at 13:19.",
  windows: [FIVE_HOUR, WEEKLY, FABLE],
  money: [EXTRA_USAGE],
  reading: reading(3 * MINUTE),
  refresh: OPEN,
  ...nextRequest(2 * MINUTE),
  sign_in: SIGNED_IN,
  free_only: false,
  offers_free: false,
};

export const CHOICE: AccountChoice = {
  id: "anthropic:ann",
  label: "ann@example.com",
  name: "ann@example.com",
  plan: "Max",
  places: [{ place: "~/.claude/.credentials.json", state: "in use", listed: null }],
  enabled: true,
  renewal: false,
  readings: "ask",
};

export const SETTINGS: SettingsView = {
  polling_interval_s: 300,
  notify_rate_limit: true,
  notify_sign_in: true,
  notify_recovery: true,
  notify_thresholds: [80, 95],
  notify_forecast: true,
  notify_reset: true,
  quiet_hours: null,
  history_days: 365,
  history_mb: 64,
  readings: "ask",
  offers_readings: false,
  percent: "used",
  clock: "locale",
  theme: "system",
  start_at_login: false,
  problems: [],
  accounts: [CHOICE],
  folders: [],
};

export function viewOf(accounts: AccountView[], rest: Partial<View> = {}): View {
  return {
    version: "0.1.0",
    clock: { now_ms: NOW, speed: 1 },
    troubles: [],
    accounts,
    settings: SETTINGS,
    updates: NOT_POSSIBLE,
    turned_to: null,
    ...rest,
  };
}
