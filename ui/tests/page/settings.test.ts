import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src/bindings/Settings";
import { commands, error, focused, open, text, useBrowser } from "../support/pages";

useBrowser();

describe("sign-in", () => {
  test("state, place, plan and expiry", async () => {
    const page = await open("settings", { clock: true });
    expect(await text(page, "sign-in-title")).toBe("Signed in");
    expect(await text(page, "sign-in-place")).toBe("~/.claude/.credentials.json");
    expect(await text(page, "sign-in-expiry")).toBe("in 5 h 12 min · 18:29");
    expect(await text(page, "sign-in")).toContain("Plan Max");
  });

  test("an expiry in the past", async () => {
    const page = await open("settings", { scenario: "expired", clock: true });
    expect(await text(page, "sign-in-expiry")).toBe("37 min ago · 12:40");
  });

  test("what to do, in order, and a command to copy", async () => {
    const page = await open("settings", {
      scenario: "paused_rejected",
      context: { permissions: ["clipboard-read", "clipboard-write"] },
    });
    expect(await progress(page)).toEqual(["now", "next", "next"]);
    expect(await text(page, "sign-in-command")).toBe("claude auth login");
    await page.getByTestId("copy-sign-in-command").click();
    await page.getByRole("status").getByText("Copied").waitFor({ state: "attached" });
    expect(await text(page, "copy-sign-in-command")).toBe("Copied");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("claude auth login");
  });

  test("copying works where the asynchronous clipboard does not", async () => {
    const page = await open("settings", {
      scenario: "waiting",
      context: { permissions: ["clipboard-read", "clipboard-write"] },
    });
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("refused"));
    });
    await page.getByTestId("copy-sign-in-command").click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("claude auth login");
    expect(await focused(page)).toBe("copy-sign-in-command");
  });

  test("copying that fails says what to do instead", async () => {
    const page = await open("settings", { scenario: "waiting" });
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("refused"));
      document.execCommand = () => false;
    });
    await page.getByTestId("copy-sign-in-command").click();
    await page.getByText("Copying failed.").waitFor();
  });

  test("the button opens the sign-in, and the steps move on", async () => {
    const page = await open("settings", { scenario: "paused_rejected" });
    const button = page.getByTestId("open-sign-in");
    expect(await button.innerText()).toBe("Open a terminal and sign in");
    expect(await button.getAttribute("class")).toContain("primary");
    await button.click();
    await page.getByText("Waiting for the new sign-in…").first().waitFor();
    expect(await commands(page)).toEqual([["sign_in", "anthropic:ann"]]);
    expect(await progress(page)).toEqual(["done", "under_way", "next"]);
    expect(await button.innerText()).toBe("Open again");
    expect(await button.getAttribute("class")).not.toContain("primary");
    expect(await focused(page)).toBe("open-sign-in");
  });

  test("a button that opens nothing says why, and what to do instead", async () => {
    for (const scenario of ["refused", "no_claude"] as const) {
      const page = await open("settings", { scenario });
      await page.getByTestId("open-sign-in").click();
      expect(await error(page)).toContain("found on this computer");
      expect(await text(page, "sign-in-command")).toBe("claude auth login");
    }
  });

  test("what is missing is said before anything is pressed", async () => {
    const page = await open("settings", { scenario: "no_claude" });
    expect(await text(page, "sign-in-problem")).toContain("Claude Code was not found");
    expect(await text(page, "install-address")).toContain("https://");
    expect(await text(page, "open-sign-in")).toBe("Check again");
    await open("settings", { scenario: "no_terminal" });
    expect(await text(page, "sign-in-problem")).toContain("no terminal");
    expect(await text(page, "sign-in-command")).toContain("CLAUDE_CONFIG_DIR=~/.claude-work");
    expect(await page.getByTestId("install-address").count()).toBe(0);
  });

  test("a new sign-in is checked, now or when it may be", async () => {
    const page = await open("settings", { scenario: "checking" });
    expect(await progress(page)).toEqual(["done", "done", "under_way"]);
    expect(await text(page, "sign-in-title")).toBe("New sign-in found");
    expect(await page.getByTestId("open-sign-in").count()).toBe(0);
    expect(await text(page, "sign-in-news")).toBe("Testing it with one request…");
    await open("settings", { scenario: "checking_later" });
    expect(await text(page, "sign-in-news")).toContain("tests it at 13:19:");
  });

  test("waiting turns into success by itself, and names the account", async () => {
    const page = await open("settings", { scenario: "recovering", clock: true });
    const news = page.getByRole("status").and(page.getByTestId("sign-in-news"));
    expect(await news.innerText()).toContain("Waiting for the new sign-in…");
    await page.clock.fastForward(3000);
    await page.getByTestId("recovered").waitFor();
    expect(await progress(page)).toEqual([]);
    expect(await text(page, "recovered")).toBe("Signed in as ann@example.com. Readings are back.");
    expect(await news.innerText()).toBe("Signed in as ann@example.com. Readings are back.");
    expect(await text(page, "sign-in-title")).toBe("Signed in");
    expect(await page.getByTestId("other-account").count()).toBe(0);
  });

  test("another account than before is said", async () => {
    const page = await open("settings", { scenario: "other_account" });
    expect(await text(page, "recovered")).toContain("Signed in as bob@example.com");
    expect(await text(page, "other-account")).toContain("bob@example.com instead of ann@example");
  });

  test("a sign-in that expired is no alarm, and one that cannot be renewed is one", async () => {
    const page = await open("settings", { scenario: "expired_limited" });
    const button = page.getByTestId("open-sign-in");
    expect(await button.getAttribute("class")).not.toContain("primary");
    expect(await text(page, "sign-in-text")).toContain(
      "rate limiting sign-in renewal; next try at 16:10",
    );
    await open("settings", { scenario: "renewal_stopped" });
    expect(await button.getAttribute("class")).toContain("primary");
    expect(await text(page, "sign-in-text")).toContain("still works until 15:30");
    await open("settings", { scenario: "renewal_limited" });
    expect(await button.count()).toBe(0);
    expect(await text(page, "sign-in-text")).toContain(
      "rate limiting sign-in renewal; next try at 16:10",
    );
  });

  test("nothing turns for those who want no motion", async () => {
    const animation = async (reducedMotion: "reduce" | "no-preference"): Promise<string> => {
      const page = await open("settings", { scenario: "waiting", context: { reducedMotion } });
      const spinner = page.locator("[data-testid=step] .spinner");
      return spinner.evaluate((element) => getComputedStyle(element).animationName);
    };
    expect(await animation("reduce")).toBe("none");
    expect(await animation("no-preference")).not.toBe("none");
  });
});

/** How far each step of signing in again is. */
function progress(page: Page): Promise<(string | undefined)[]> {
  return page
    .getByTestId("step")
    .evaluateAll((steps) => steps.map((step) => (step as HTMLElement).dataset.progress));
}

/** Every setting that is true or false has a switch, whose test id is its key with dashes. */
const SWITCHES = Object.entries(DEFAULT_SETTINGS).flatMap(([key, before]) =>
  typeof before === "boolean" ? [[key.replaceAll("_", "-"), key, before] as const] : [],
);

describe("changes", () => {
  test.each(SWITCHES)("%s", async (testId, key, before) => {
    const page = await open("settings");
    const control = page.getByRole("switch").and(page.getByTestId(testId));
    expect(await control.isChecked()).toBe(before);
    await control.click();
    await page.waitForFunction(
      (name) =>
        window.holdoffMock.calls.some(([, change]) => {
          return change instanceof Object && name in change;
        }),
      key,
    );
    expect(await commands(page)).toEqual([["change_settings", { [key]: !before }]]);
    expect(await control.isChecked()).toBe(!before);
  });

  test.each(SWITCHES)("%s goes back when it is refused", async (testId, _key, before) => {
    const page = await open("settings", { scenario: "refused" });
    await page.getByTestId(testId).click();
    expect(await error(page)).toBe("The settings could not be saved.");
    expect(await page.getByTestId(testId).isChecked()).toBe(before);
  });

  test("percent, pace, clock and theme", async () => {
    const page = await open("settings");
    await page.getByTestId("percent-left").check();
    await page.getByTestId("pace-days-five").check();
    await page.getByTestId("clock-12h").check();
    await page.getByTestId("theme-dark").check();
    await page.locator("html[data-theme=dark]").waitFor();
    await page.getByTestId("theme-system").check();
    await page.locator("html:not([data-theme])").waitFor();
    expect(await commands(page)).toEqual([
      ["change_settings", { percent: "left" }],
      ["change_settings", { pace_days: "five" }],
      ["change_settings", { clock: "12h" }],
      ["change_settings", { theme: "dark" }],
      ["change_settings", { theme: "system" }],
    ]);
  });

  test("tray icon: style, limits and legend", async () => {
    const page = await open("settings");
    expect(await text(page, "tray-level")).toContain("thick part of the ring");
    expect(await text(page, "tray-legend")).toContain("Padlock");
    await page.getByTestId("tray-style-number").check();
    await page.getByTestId("tray-level").getByText("The percentage").waitFor();
    expect(await page.getByTestId("tray-second").count()).toBe(0);
    await page.getByTestId("tray-first").selectOption({ label: "Weekly" });
    await page.getByTestId("tray-second").selectOption({ label: "5-hour" });
    await page.getByTestId("tray-two").getByText("the fuller one").waitFor();
    await page.getByTestId("tray-first").selectOption({ label: "Worst of all" });
    await page.getByTestId("tray-second").waitFor({ state: "detached" });
    const [weekly, session] = ["seven_day", "five_hour"].map((window) => ({
      account: "anthropic:ann",
      window,
    }));
    expect(await commands(page)).toEqual([
      ["change_settings", { tray_style: "number" }],
      ["change_settings", { tray_shows: [weekly] }],
      ["change_settings", { tray_shows: [weekly, session] }],
      ["change_settings", { tray_shows: [] }],
    ]);
  });

  test("where readings come from", async () => {
    const page = await open("settings", { scenario: "first_run" });
    const ask = page.getByTestId("readings-ask");
    const free = page.getByTestId("readings-free_only");
    expect([await ask.isChecked(), await free.isChecked()]).toEqual([false, false]);
    expect(await text(page, "readings-hint")).toContain(
      "Nothing is chosen yet, so Holdoff checks with Anthropic.",
    );
    await ask.check();
    await free.check();
    expect(await text(page, "readings-hint")).toContain("Holdoff sends no request");
    expect(await text(page, "readings-hint")).not.toContain("Nothing is chosen yet");
    expect(await commands(page)).toEqual([
      ["change_settings", { readings: "ask" }],
      ["change_settings", { readings: "free_only" }],
    ]);
  });

  test("a choice goes back when it is refused", async () => {
    const page = await open("settings", { scenario: "refused" });
    await page.getByTestId("percent-left").click();
    expect(await error(page)).toBe("The settings could not be saved.");
    expect(await page.getByTestId("percent-used").isChecked()).toBe(true);
    expect(await page.getByTestId("percent-left").isChecked()).toBe(false);
  });

  test("the polling interval is sent when the slider is let go, not before", async () => {
    const page = await open("settings");
    const slider = page.getByTestId("polling-interval");
    await slider.evaluate((input: HTMLInputElement) => {
      input.value = "12";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await page.getByText("every 12 min").waitFor();
    expect(await commands(page)).toEqual([]);
    await slider.dispatchEvent("change");
    await page.waitForFunction(() => window.holdoffMock.calls.length > 1);
    expect(await commands(page)).toEqual([["change_settings", { polling_interval_s: 720 }]]);
    expect(await slider.inputValue()).toBe("12");
  });

  test("the polling interval goes back when it is refused", async () => {
    const page = await open("settings", { scenario: "refused" });
    const slider = page.getByTestId("polling-interval");
    await slider.fill("30");
    expect(await error(page)).toBe("The settings could not be saved.");
    expect(await slider.inputValue()).toBe("5");
    expect(await text(page, "polling-interval-value")).toBe("every 5 min");
  });

  test("the last of two quick changes holds", async () => {
    const page = await open("settings");
    await page.evaluate(() => {
      const control = document.querySelector<HTMLInputElement>('[data-testid="start-at-login"]');
      control?.click();
      control?.click();
    });
    await page.waitForFunction(() => window.holdoffMock.calls.length >= 4);
    expect(await page.getByTestId("start-at-login").isChecked()).toBe(false);
    const stored = await page.evaluate(() => window.holdoffMock.current().settings.start_at_login);
    expect(stored).toBe(false);
  });
});

test("problems of the settings file stand on top", async () => {
  const page = await open("settings", { scenario: "bad_settings" });
  expect(await page.getByTestId("settings-problem").count()).toBe(2);
  expect(await text(page, "polling-interval-value")).toBe("every 3 min 20 s");
});

test("the arrow keys choose among radios and move the slider", async () => {
  const page = await open("settings");
  await page.getByTestId("percent-used").focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => window.holdoffMock.current().settings.percent === "left");
  await page.getByTestId("polling-interval").focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(
    () => window.holdoffMock.current().settings.polling_interval_s === 360,
  );
});

describe("finding a setting", () => {
  test("the list leads to each section and marks the one that is shown", async () => {
    const page = await open("settings", { width: 840, height: 480 });
    const entries = page.getByTestId("go-to");
    const titles = await page.locator("section h2").allInnerTexts();
    expect(await entries.allInnerTexts()).toEqual(titles);
    await page.getByRole("button", { name: "History", exact: true }).click();
    const heading = page.getByRole("heading", { name: "History" });
    expect(await heading.evaluate((element) => element === document.activeElement)).toBe(true);
    expect((await heading.boundingBox())?.y).toBeLessThan(480);
    const marked = page.locator("[data-testid=go-to][aria-current]");
    expect(await marked.innerText()).toBe("History");
    expect((await entries.first().boundingBox())?.y).toBeGreaterThanOrEqual(0);
  });

  test("the search shows the rows that say it, and says when none does", async () => {
    const page = await open("settings", { width: 840 });
    await page.getByTestId("search").fill("quiet");
    await page.getByTestId("quiet-hours").waitFor();
    expect(await page.getByTestId("go-to").allInnerTexts()).toEqual(["Notifications"]);
    expect(await page.getByTestId("notify-reset").isVisible()).toBe(false);
    await page.getByTestId("search").fill("no such setting");
    await page.getByText("Nothing found.").waitFor();
    await page.getByTestId("search").fill("");
    await page.getByTestId("notify-reset").waitFor();
    expect(await page.getByText("Nothing found.").count()).toBe(0);
  });
});
