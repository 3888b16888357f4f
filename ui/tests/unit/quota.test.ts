import { describe, expect, test } from "vitest";
import type { WindowView } from "../../src/bindings/WindowView";
import { gauge, leadFirst, shownWindow } from "../../src/quota";

const NOW = Date.UTC(2026, 8, 14, 13, 17);
const HOUR = 3_600_000;

const WINDOW: WindowView = {
  id: "five_hour",
  label: "5-hour",
  used_percent: 42,
  resets_at_ms: NOW + HOUR,
  resets_clock: "14:17",
  was_reset: false,
  binding: false,
  forecast: null,
  runs_out: false,
  expected_percent: null,
  even_percent: null,
  pace: null,
  read_at_ms: null,
  read_source: null,
};

describe("gauge", () => {
  test.each([
    [0, 0, "normal", null],
    [79.4, 79.4, "normal", null],
    [79.6, 79.6, "high", "high"],
    [80, 80, "high", "high"],
    [94, 94, "high", "high"],
    [95, 95, "full", "nearly used up"],
    [99.9, 99.9, "full", "nearly used up"],
    [100, 100, "full", "used up"],
    [150, 100, "full", "over the limit"],
    [-5, 0, "normal", null],
  ])("%d used fills %d and is %s", (used, fill, level, warning) => {
    expect(gauge(used, "used")).toMatchObject({ fill, level, warning });
    expect(gauge(used, "left")).toMatchObject({ fill: 100 - fill, level, warning });
  });

  test.each([null, NaN, Infinity])("%s fills nothing and warns of nothing", (used) => {
    expect(gauge(used, "used")).toEqual({
      fill: null,
      text: "—",
      level: "normal",
      warning: null,
      even: null,
      expected: null,
    });
  });

  test("marks stand on the bar where the percentage would", () => {
    const marks = { even: 57, expected: 130 };
    expect(gauge(82, "used", marks)).toMatchObject({ fill: 82, even: 57, expected: 100 });
    expect(gauge(82, "left", marks)).toMatchObject({ fill: 18, even: 43, expected: 0 });
    expect(gauge(null, "used", marks)).toMatchObject({ even: null, expected: null });
  });
});

test("the leading window comes first, the others in their order", () => {
  const windows = ["a", "b", "c"].map((id) => ({ ...WINDOW, id }));
  const ids = (leading: string | null): string[] => leadFirst(windows, leading).map(({ id }) => id);
  expect(ids("b")).toEqual(["b", "a", "c"]);
  expect(ids(null)).toEqual(["a", "b", "c"]);
});

describe("shownWindow", () => {
  test("a window that runs", () => {
    const shown = shownWindow(WINDOW, NOW, "used");
    expect(shown).toMatchObject({ detail: "resets in 1 h", clock: "14:17" });
    expect(shown.gauge.text).toBe("42 % used");
  });

  test("a reset that has come since the view was made hides the old value at once", () => {
    const before = shownWindow(WINDOW, NOW + HOUR - 1, "used");
    expect(before).toMatchObject({ detail: "resets in 1 s" });
    const after = shownWindow(WINDOW, NOW + HOUR, "used");
    expect(after).toMatchObject({ detail: "reset; no reading since", clock: null });
    expect(after.gauge).toMatchObject({ text: "—", fill: null });
  });

  test("a forecast goes with the level, and where it was read stays", () => {
    const forecast = "runs out 13:50 (13:40–14:10)";
    const read = { read_at_ms: NOW - HOUR, read_source: "Anthropic's usage endpoint" };
    const window = { ...WINDOW, forecast, runs_out: true, ...read };
    const where = "from Anthropic's usage endpoint";
    const before = shownWindow(window, NOW, "used");
    expect(before).toMatchObject({ forecast, read: `read 1 h ago ${where}` });
    const after = shownWindow(window, NOW + HOUR, "used");
    expect(after).toMatchObject({ forecast: null, read: `read 2 h ago ${where}` });
  });

  test("a window that was reset before", () => {
    const window = { ...WINDOW, used_percent: null, resets_at_ms: NOW - HOUR, was_reset: true };
    expect(shownWindow(window, NOW, "left").detail).toBe("reset; no reading since");
  });

  test("a window that does not apply", () => {
    const window = { ...WINDOW, used_percent: null, resets_at_ms: null, resets_clock: null };
    const shown = shownWindow(window, NOW, "used");
    expect(shown).toMatchObject({ detail: "does not apply", clock: null });
    expect(shown.gauge.text).toBe("—");
  });

  test("a window without a reset says nothing of one", () => {
    const window = { ...WINDOW, used_percent: 0, resets_at_ms: null, resets_clock: null };
    const shown = shownWindow(window, NOW, "used");
    expect(shown).toMatchObject({ detail: null, clock: null });
    expect(shown.gauge.text).toBe("0 % used");
  });
});
