import type { Percent } from "./bindings/Percent";

const SECOND = 1000;
const MINUTES_PER_HOUR = 60;
const MINUTES_PER_DAY = 24 * MINUTES_PER_HOUR;

/** Higher percentages mean nothing more, and would break the columns. */
const LARGEST_PERCENT = 999;

function known(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function units(minutes: number): string {
  const days = Math.floor(minutes / MINUTES_PER_DAY);
  const hours = Math.floor((minutes % MINUTES_PER_DAY) / MINUTES_PER_HOUR);
  const rest = minutes % MINUTES_PER_HOUR;
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return rest > 0 ? `${hours} h ${rest} min` : `${hours} h`;
  return `${rest} min`;
}

/**
 * The time left until `atMs`, such as "2 h 13 min". Null when it is unknown or over.
 * Rounded up, so that it agrees with the clock time beside it.
 */
export function timeLeft(atMs: number | null, nowMs: number): string | null {
  if (!known(atMs) || !Number.isFinite(nowMs)) return null;
  const seconds = Math.ceil((atMs - nowMs) / SECOND);
  if (seconds <= 0) return null;
  return seconds < 60 ? `${seconds} s` : units(Math.ceil(seconds / 60));
}

/** How long ago `atMs` was, such as "3 min ago". Null when it is unknown. */
export function age(atMs: number | null, nowMs: number): string | null {
  if (!known(atMs) || !Number.isFinite(nowMs)) return null;
  const seconds = Math.floor((nowMs - atMs) / SECOND);
  if (seconds < 10) return "just now";
  return seconds < 60 ? `${seconds} s ago` : `${units(Math.floor(seconds / 60))} ago`;
}

/** "42 % used" or "58 % left"; "—" when it is unknown. */
export function percentText(usedPercent: number | null, shown: Percent): string {
  const used = wholePercent(usedPercent);
  if (used === null) return "—";
  if (shown === "left") return `${Math.max(0, 100 - used)} % left`;
  return used > LARGEST_PERCENT ? `over ${LARGEST_PERCENT} % used` : `${used} % used`;
}

/** Rounded, but never up to 100 while something is left. Null when it is unknown. */
export function wholePercent(usedPercent: number | null): number | null {
  if (!known(usedPercent)) return null;
  const rounded = Math.max(0, Math.round(usedPercent));
  return usedPercent < 100 ? Math.min(99, rounded) : rounded;
}

/** The length of the polling interval, such as "5 min". */
export function intervalText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round(seconds % 60);
  return rest > 0 ? `${minutes} min ${rest} s` : `${minutes} min`;
}
