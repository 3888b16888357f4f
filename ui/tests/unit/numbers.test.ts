import { expect, test } from "vitest";
import { wholeNumber, wholeNumbers } from "../../src/numbers";

test("a whole number as a person writes it", () => {
  expect(wholeNumber(" 365 ")).toBe(365);
  for (const text of ["", "1.5", "-1", "1e3", "ten", "1234567890"]) {
    expect(wholeNumber(text)).toBeNull();
  }
});

test("whole numbers in a row", () => {
  expect(wholeNumbers("95, 80 %")).toEqual([80, 95]);
  expect(wholeNumbers(" ")).toEqual([]);
  expect(wholeNumbers("80, most")).toBeNull();
});
