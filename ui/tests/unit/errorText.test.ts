import { expect, test } from "vitest";
import { errorText } from "../../src/backend";

test.each([
  ["The disk is full.", "The disk is full."],
  [new Error("gone"), "gone"],
  ["", "Holdoff did not answer."],
  [new Error(""), "Holdoff did not answer."],
  [undefined, "Holdoff did not answer."],
  [{ code: 7 }, "Holdoff did not answer."],
])("%o", (error, expected) => {
  expect(errorText(error)).toBe(expected);
});
