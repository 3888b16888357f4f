import { describe, expect, test } from "vitest";
import { age, intervalText, percentText, timeLeft } from "../../src/format";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 8, 14, 13, 17);

describe("timeLeft", () => {
  test.each([
    [1, "1 s"],
    [SECOND, "1 s"],
    [59 * SECOND, "59 s"],
    [59 * SECOND + 1, "1 min"],
    [60 * SECOND, "1 min"],
    [61 * SECOND, "2 min"],
    [59 * MINUTE + 30 * SECOND, "1 h"],
    [HOUR, "1 h"],
    [2 * HOUR + 13 * MINUTE, "2 h 13 min"],
    [2 * HOUR + 12 * MINUTE + 30 * SECOND, "2 h 13 min"],
    [23 * HOUR + 59 * MINUTE, "23 h 59 min"],
    [DAY - SECOND, "1 d"],
    [DAY, "1 d"],
    [DAY + 59 * MINUTE, "1 d"],
    [4 * DAY + 8 * HOUR + 43 * MINUTE, "4 d 8 h"],
  ])("%i ms is %s", (left, expected) => {
    expect(timeLeft(NOW + left, NOW)).toBe(expected);
  });

  test.each([0, -1, -SECOND, -5 * DAY])("%i ms is over, not negative", (left) => {
    expect(timeLeft(NOW + left, NOW)).toBeNull();
  });

  test("is nothing when either time is unknown", () => {
    expect(timeLeft(null, NOW)).toBeNull();
    expect(timeLeft(NaN, NOW)).toBeNull();
    expect(timeLeft(Infinity, NOW)).toBeNull();
    expect(timeLeft(NOW, NaN)).toBeNull();
  });
});

describe("age", () => {
  test.each([
    [0, "just now"],
    [9 * SECOND, "just now"],
    [10 * SECOND, "10 s ago"],
    [59 * SECOND + 999, "59 s ago"],
    [60 * SECOND, "1 min ago"],
    [3 * MINUTE + 59 * SECOND, "3 min ago"],
    [HOUR, "1 h ago"],
    [DAY - 1, "23 h 59 min ago"],
    [DAY, "1 d ago"],
    [DAY + 3 * HOUR, "1 d 3 h ago"],
  ])("%i ms is %s", (passed, expected) => {
    expect(age(NOW - passed, NOW)).toBe(expected);
  });

  test("is never negative when the reading is ahead of the clock", () => {
    expect(age(NOW + HOUR, NOW)).toBe("just now");
  });

  test("is nothing when it is unknown", () => {
    expect(age(null, NOW)).toBeNull();
    expect(age(NaN, NOW)).toBeNull();
    expect(age(NOW, NaN)).toBeNull();
  });
});

describe("percentText", () => {
  test.each([
    [0, "0 % used", "100 % left"],
    [42, "42 % used", "58 % left"],
    [12.34, "12 % used", "88 % left"],
    [79.6, "80 % used", "20 % left"],
    [99.7, "99 % used", "1 % left"],
    [100, "100 % used", "0 % left"],
    [112.4, "112 % used", "0 % left"],
    [1234, "over 999 % used", "0 % left"],
    [-3, "0 % used", "100 % left"],
  ])("%d", (used, asUsed, asLeft) => {
    expect(percentText(used, "used")).toBe(asUsed);
    expect(percentText(used, "left")).toBe(asLeft);
  });

  test("what is unknown is not zero", () => {
    for (const shown of ["used", "left"] as const) {
      expect(percentText(null, shown)).toBe("—");
      expect(percentText(NaN, shown)).toBe("—");
      expect(percentText(Infinity, shown)).toBe("—");
    }
  });
});

test.each([
  [180, "3 min"],
  [200, "3 min 20 s"],
  [300, "5 min"],
  [3600, "60 min"],
])("an interval of %i s is %s", (seconds, expected) => {
  expect(intervalText(seconds)).toBe(expected);
});
