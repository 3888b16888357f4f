import { expect, test } from "vitest";
import { programTime } from "../../src/clock";

test.each([
  [0, 1, 1000],
  [250, 1, 1250],
  [250, 600, 151_000],
  [250, 0.5, 1125],
  [-5, 1, 1000],
  [NaN, 1, 1000],
  [250, NaN, 1250],
  [250, 0, 1250],
  [250, -3, 1250],
])("after %d ms at speed %d", (elapsed, speed, expected) => {
  expect(programTime({ now_ms: 1000, speed }, elapsed)).toBe(expected);
});
