import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { faults } from "../support/checks";
import { commands, error, focused, open, useBrowser } from "../support/pages";

useBrowser();

describe("what is typed, and the history", () => {
  async function write(page: Page, field: string, text: string): Promise<void> {
    await page.getByTestId(field).fill(text);
    await page.getByTestId(field).blur();
  }

  test("thresholds and quiet hours are saved as they are written", async () => {
    const page = await open("settings");
    await write(page, "notify-thresholds", "95 50");
    await write(page, "quiet-hours", "22:00-07:00");
    await write(page, "quiet-hours", "");
    await page.getByTestId("notify-forecast").uncheck();
    await page.getByTestId("notify-reset").uncheck();
    expect(await commands(page)).toEqual([
      ["change_settings", { notify_thresholds: [50, 95] }],
      ["change_settings", { quiet_hours: "22:00-07:00" }],
      ["change_settings", { quiet_hours: "" }],
      ["change_settings", { notify_forecast: false }],
      ["change_settings", { notify_reset: false }],
    ]);
    expect(await page.getByTestId("notify-thresholds").inputValue()).toBe("50, 95");
  });

  test("what cannot be meant is said and not sent", async () => {
    const page = await open("settings");
    await write(page, "notify-thresholds", "80, 120");
    await page.getByText("whole percents from 1 to 100").waitFor();
    await write(page, "history-days", "long");
    await page.getByText("This must be a whole number.").waitFor();
    expect(await commands(page)).toEqual([]);
  });

  test("refused text stays, marked invalid, until it is corrected", async () => {
    const page = await open("settings");
    const days = page.getByTestId("history-days");
    const isWrong = (): Promise<string | null> => days.getAttribute("aria-invalid");
    await write(page, "history-days", "abc");
    await page.getByTestId("control-error").waitFor();
    expect([await days.inputValue(), await isWrong()]).toEqual(["abc", "true"]);
    await days.focus();
    await days.blur();
    expect([await days.inputValue(), await isWrong()]).toEqual(["abc", "true"]);

    await days.press("End");
    await days.press("d");
    expect([await days.inputValue(), await isWrong()]).toEqual(["abcd", "false"]);
    expect(await page.getByTestId("control-error").count()).toBe(0);
    await days.press("Backspace");
    await days.press("Enter");
    expect(await error(page)).toBe("This must be a whole number.");
    expect([await days.inputValue(), await isWrong()]).toEqual(["abc", "true"]);

    await days.fill("30");
    await days.press("Enter");
    await page.waitForFunction(() => window.holdoffMock.current().settings.history_days === 30);
    expect([await days.inputValue(), await isWrong()]).toEqual(["30", "false"]);
    expect(await commands(page)).toEqual([["change_settings", { history_days: 30 }]]);
  });

  test("Escape gives up what was typed", async () => {
    const page = await open("settings", { scenario: "refused" });
    const days = page.getByTestId("history-days");
    await days.fill("30");
    await days.press("Enter");
    expect(await error(page)).toBe("The settings could not be saved.");
    await days.press("Escape");
    expect(await days.inputValue()).toBe("365");
    expect(await days.getAttribute("aria-invalid")).toBe("false");
    expect(await page.getByTestId("control-error").count()).toBe(0);
    await days.blur();
    expect(await commands(page)).toHaveLength(1);
  });

  test("what is refused is tried again when Enter says so", async () => {
    const page = await open("settings", { scenario: "refused" });
    const days = page.getByTestId("history-days");
    await days.fill("30");
    await days.press("Enter");
    await error(page);
    await days.press("Enter");
    await page.waitForFunction(
      () => window.holdoffMock.calls.filter(([name]) => name === "change_settings").length === 2,
    );
  });

  test("the history is exported, and deleted only on the second word", async () => {
    const page = await open("settings");
    await page.getByTestId("export-csv").click();
    await page.getByText("Written to /home/ann/Downloads").waitFor();
    await page.getByTestId("delete-history").click();
    await page.getByTestId("keep-history").click();
    expect(await focused(page)).toBe("delete-history");
    expect(await page.getByTestId("keep-history").count()).toBe(0);
    await page.getByTestId("delete-history").click();
    expect(await focused(page)).toBe("keep-history");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      expect(await faults(page), colorScheme).toEqual([]);
    }
    await page.getByTestId("really-delete-history").click();
    await page.getByText("History deleted.").waitFor();
    expect(await focused(page)).toBe("delete-history");
    expect(await commands(page)).toEqual([["export_history", "csv"], ["delete_history"]]);
  });

  test("a double click deletes nothing", async () => {
    const page = await open("settings");
    await page.getByTestId("delete-history").dblclick();
    await page.getByTestId("keep-history").waitFor();
    expect(await focused(page)).toBe("keep-history");
    await page.getByTestId("really-delete-history").dispatchEvent("click", { detail: 2 });
    expect(await commands(page)).toEqual([]);
    expect(await page.getByTestId("really-delete-history").count()).toBe(1);
  });

  test("Enter that is held down deletes nothing", async () => {
    const page = await open("settings");
    const hold = async (testId: string): Promise<void> => {
      await page.getByTestId(testId).focus();
      for (let times = 0; times < 5; times++) await page.keyboard.down("Enter");
      await page.keyboard.up("Enter");
    };
    await hold("delete-history");
    await page.getByTestId("keep-history").waitFor();
    expect(await focused(page)).toBe("keep-history");
    await hold("keep-history");
    expect(await focused(page)).toBe("delete-history");
    expect(await page.getByTestId("keep-history").count()).toBe(0);
    expect(await commands(page)).toEqual([]);
  });

  test("what fails says why", async () => {
    const page = await open("settings", { scenario: "refused" });
    await page.getByTestId("export-json").click();
    await page.getByText("Could not write the history to /home/ann/Downloads").waitFor();
  });
});
