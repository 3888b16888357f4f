import type { ClockView } from "./bindings/ClockView";

/** The program's time, `elapsedMs` of real time after a view with this clock was received. */
export function programTime(clock: ClockView, elapsedMs: number): number {
  const speed = Number.isFinite(clock.speed) && clock.speed > 0 ? clock.speed : 1;
  const elapsed = Number.isFinite(elapsedMs) ? Math.max(0, elapsedMs) : 0;
  return clock.now_ms + elapsed * speed;
}
