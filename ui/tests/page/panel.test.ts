import { describe, expect, test } from "vitest";
import { commands, open, text, useBrowser } from "../support/pages";

useBrowser();

const MINUTE = 60_000;

describe("what is shown", () => {
  test("windows as bars with percent, reset and level", async () => {
    const page = await open("panel", { clock: true });
    expect(await text(page, "window-five_hour")).toBe(
      "5-hour 42 % used resets in 2 h 13 min · 15:30 14 % behind an even pace, lasts until reset",
    );
    const meter = page.getByRole("meter", { name: "Fable" });
    expect(await meter.getAttribute("aria-valuenow")).toBe("82");
    expect(await meter.getAttribute("aria-valuetext")).toBe(
      "82 % used, high, 44 % ahead of an even pace",
    );
  });

  test("the window that limits now comes first, with its reset, its pace, its forecast and its cycle", async () => {
    const page = await open("panel", { clock: true });
    expect(await text(page, "window-weekly_scoped:fable")).toBe(
      "82 % of Fable used resets in 4 d 8 h · Fri 22:00 44 % ahead of an even pace " +
        "runs out Tue 03:59 (today 22:42–Tue 22:40)",
    );
    const first = page.getByRole("meter").first();
    expect(await first.getAttribute("aria-label")).toBe("Fable");
    expect(await page.getByTestId("cycle").getAttribute("aria-label")).toBe(
      "Fable, this cycle, 82 % used so far, expected: used up before the reset",
    );
  });

  test("a cycle of which too little is known is not drawn", async () => {
    const page = await open("panel", { scenario: "status_line" });
    expect(await page.getByTestId("cycle").count()).toBe(0);
  });

  test("a bar marks the time gone, and what the forecast adds", async () => {
    const page = await open("panel");
    const places = async (): Promise<number[]> =>
      page.getByRole("meter", { name: "5-hour" }).evaluate((bar) => {
        const [left, width] = [bar.getBoundingClientRect().left, bar.clientWidth];
        const share = (x: number): number => Math.round((100 * (x - left)) / width);
        const even = bar.querySelector(".even")!.getBoundingClientRect();
        const ahead = bar.querySelector(".ahead")!.getBoundingClientRect();
        return [share(even.left + even.width / 2), share(ahead.left), share(ahead.right)];
      });
    expect(await places()).toEqual([56, 42, 77]);
    await page.evaluate(() => {
      const view = window.holdoffMock.current();
      window.holdoffMock.emit({ ...view, settings: { ...view.settings, percent: "left" } });
    });
    await page.getByText("58 % left").waitFor();
    expect(await places()).toEqual([44, 23, 58]);
  });

  test("when a window runs out, and where an older one was read", async () => {
    const page = await open("panel", { scenario: "status_line", clock: true });
    expect(await text(page, "window-five_hour")).toBe(
      "5-hour 42 % used resets in 2 h 13 min · 15:30 14 % behind an even pace, " +
        "runs out 14:20 (13:50–15:30)",
    );
    expect(await text(page, "window-seven_day")).toContain("lasts until reset");
    expect(await text(page, "window-weekly_scoped:fable")).toContain(
      "read 52 min ago from Anthropic's usage endpoint",
    );
    expect(await text(page, "freshness")).toBe("Read 20 s ago from Claude Code's status line");
  });

  test("money, freshness, source and the next request", async () => {
    const page = await open("panel", { clock: true });
    expect(await text(page, "money-extra_usage")).toBe("Extra usage $12.34 of $100.00 12 % used");
    expect(await text(page, "freshness")).toBe("Read 3 min ago from Anthropic's usage endpoint");
    expect(await text(page, "next-request")).toBe("Next check in 2 min · 13:19");
  });

  test("what is due or under way is due now, and only what cannot be asked is not planned", async () => {
    const page = await open("panel", { scenario: "checking", clock: true });
    expect(await text(page, "status")).toBe("Checking usage now.");
    expect(await text(page, "next-request")).toBe("Due now");
    await open("panel", { scenario: "paused_rejected", clock: true });
    expect(await text(page, "next-request")).toBe("No check planned");
  });

  test("free readings say how old they are and how to get a fresh one, and cannot be refreshed", async () => {
    const page = await open("panel", { scenario: "free_only", clock: true });
    expect(await text(page, "status")).toBe(
      "Free readings only: Holdoff sends no requests. For a fresh reading, run a prompt in Claude Code.",
    );
    expect(await text(page, "freshness")).toBe("Read 2 h ago from Claude Code's status line stale");
    expect(await text(page, "next-request")).toBe("No check planned");
    expect(await page.getByTestId("refresh").getAttribute("aria-disabled")).toBe("true");
    expect(await page.getByTestId("sign-in-help").count()).toBe(0);
    expect(await page.getByTestId("first-run").count()).toBe(0);
  });

  test.each(["turned_away", "not_allowed"] as const)(
    "%s offers free readings, and no sign-in",
    async (scenario) => {
      const page = await open("panel", { scenario });
      expect(await page.getByTestId("sign-in-help").count()).toBe(0);
      await page.getByTestId("free-readings").click();
      expect(await commands(page)).toEqual([["open_settings", "anthropic:ann"]]);
    },
  );

  test("until somebody chooses, the panel says where readings come from", async () => {
    const page = await open("panel", { scenario: "first_run" });
    expect(await text(page, "first-run")).toContain(
      "Holdoff checks usage with Anthropic at most every 5 minutes",
    );
    await page.getByTestId("choose-readings").click();
    expect(await commands(page)).toEqual([["open_settings", null]]);
  });

  test("percent left, with bars that shrink", async () => {
    const page = await open("panel");
    await page.evaluate(() => {
      const view = window.holdoffMock.current();
      window.holdoffMock.emit({ ...view, settings: { ...view.settings, percent: "left" } });
    });
    await page.getByText("58 % left").waitFor();
    const meter = page.getByRole("meter", { name: "5-hour" });
    expect(await meter.getAttribute("aria-valuenow")).toBe("58");
    const share = await meter.evaluate((track) => {
      const fill = track.querySelector<HTMLElement>(".fill")!;
      return Math.round((100 * fill.offsetWidth) / (track as HTMLElement).offsetWidth);
    });
    expect(share).toBe(58);
  });

  test("a window that was reset, and an old reading in words", async () => {
    const page = await open("panel", { scenario: "stale" });
    expect(await text(page, "window-five_hour")).toBe("5-hour — reset; no reading since");
    expect(await text(page, "freshness")).toMatch(/^Read 5 h 2 min ago .* stale$/);
    expect(await page.getByRole("meter", { name: "5-hour" }).count()).toBe(0);
  });

  test("what does not apply is not zero", async () => {
    const page = await open("panel", { scenario: "many_windows" });
    expect(await text(page, "window-seven_day_oauth_apps")).toBe("OAuth apps — does not apply");
  });

  test("more than everything", async () => {
    const page = await open("panel", { scenario: "over_limit" });
    expect(await text(page, "window-five_hour")).toContain("112 % of 5-hour used");
    expect(await text(page, "window-five_hour")).toContain("over the limit");
    const meter = page.getByRole("meter", { name: "5-hour" });
    expect(await meter.getAttribute("aria-valuenow")).toBe("100");
  });

  test("a trouble is an alert", async () => {
    const page = await open("panel", { scenario: "trouble" });
    const alert = page.getByRole("alert").filter({ hasText: "State cannot be saved" });
    expect(await alert.getByTestId("trouble").count()).toBe(1);
  });

  test.each([
    ["ok", "Up to date"],
    ["cooling_down", "Cooling down"],
    ["paused_scope", "Paused"],
    ["expired", "Sign-in expired"],
    ["absent", "No sign-in"],
    ["stale", "Stale reading"],
    ["unknown", "No reading yet"],
  ] as const)("the condition of %s in a word and a shape", async (scenario, word) => {
    const page = await open("panel", { scenario });
    expect(await text(page, "condition")).toBe(word);
    expect(await page.getByTestId("condition").locator("svg > *").count()).toBeGreaterThan(0);
  });

  test("no two conditions share a shape", async () => {
    const shapes = new Set<string>();
    const scenarios = [
      "ok",
      "cooling_down",
      "paused_scope",
      "expired",
      "absent",
      "stale",
      "unknown",
    ] as const;
    for (const scenario of scenarios) {
      const page = await open("panel", { scenario });
      shapes.add(await page.getByTestId("condition").locator("svg").innerHTML());
    }
    expect(shapes.size).toBe(scenarios.length);
  });

  test("the chosen theme wins over the system's", async () => {
    const background = async (theme: "light" | "dark"): Promise<string> => {
      const other = theme === "light" ? "dark" : "light";
      const page = await open("panel", { theme, context: { colorScheme: other } });
      expect(await page.locator("html").getAttribute("data-theme")).toBe(theme);
      return page.getByTestId("panel").evaluate((panel) => getComputedStyle(panel).backgroundColor);
    };
    expect(await background("light")).toBe("rgb(255, 255, 255)");
    expect(await background("dark")).toBe("rgb(36, 38, 41)");
  });

  test("the system's theme holds when none is chosen", async () => {
    const page = await open("panel", { context: { colorScheme: "dark" } });
    expect(await page.locator("html").getAttribute("data-theme")).toBeNull();
    const background = await page
      .getByTestId("panel")
      .evaluate((panel) => getComputedStyle(panel).backgroundColor);
    expect(background).toBe("rgb(36, 38, 41)");
  });
});

describe("time", () => {
  test("countdowns and ages go on", async () => {
    const page = await open("panel", { clock: true });
    await page.clock.fastForward(MINUTE);
    await page.getByText("Read 4 min ago").waitFor();
    expect(await text(page, "window-five_hour")).toContain("resets in 2 h 12 min");
    expect(await text(page, "next-request")).toBe("Next check in 1 min · 13:19");
  });

  test("time at the program's speed, and a reset that comes while one looks", async () => {
    const page = await open("panel", { clock: true });
    await page.evaluate(() => {
      const view = window.holdoffMock.current();
      window.holdoffMock.emit({ ...view, clock: { ...view.clock, speed: 3600 } });
    });
    await page.clock.fastForward(3000);
    await page.getByText("reset; no reading since").waitFor();
    expect(await text(page, "window-five_hour")).toBe("5-hour — reset; no reading since");
    expect(await text(page, "freshness")).toMatch(/^Read 3 h \d+ min ago/);
    expect(await text(page, "next-request")).toBe("Due now");
  });
});

describe("asking", () => {
  test("refresh asks, and says so", async () => {
    const page = await open("panel", { clock: true });
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByText("Refresh requested.").waitFor();
    expect(await commands(page)).toEqual([["refresh", "anthropic:ann"]]);
    await page.clock.fastForward(10_000);
    await page.getByText("Refresh requested.").waitFor({ state: "hidden" });
  });

  test("a refresh that may not be is refused with the time, however often", async () => {
    const page = await open("panel", { scenario: "cooling_down" });
    const button = page.getByTestId("refresh");
    expect(await button.innerText()).toBe("Available at 14:32");
    expect(await button.getAttribute("aria-disabled")).toBe("true");
    expect(await button.isEnabled({ timeout: 1000 })).toBe(false);
    await button.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    const region = page
      .getByRole("status")
      .filter({ hasText: "Refresh available at 14:32: Anthropic" });
    await region.waitFor();
    expect(await commands(page)).toHaveLength(2);
  });

  test("a refusal goes when it is no longer true", async () => {
    const page = await open("panel", { scenario: "cooling_down" });
    await page.getByTestId("refresh").dispatchEvent("click");
    await page.getByTestId("refresh-message").getByText("Refresh available at 14:32").waitFor();
    await page.evaluate(() => {
      const view = window.holdoffMock.current();
      const refresh = { allowed: true, reason: null, button: null };
      const accounts = view.accounts.map((account) => ({ ...account, refresh }));
      window.holdoffMock.emit({ ...view, accounts });
    });
    await page.getByRole("button", { name: "Refresh" }).waitFor();
    expect(await text(page, "refresh-message")).toBe("");
  });

  test("the reason describes the button", async () => {
    const page = await open("panel", { scenario: "cooling_down" });
    const description = await page.getByTestId("refresh").evaluate((button) => {
      const id = button.getAttribute("aria-describedby") ?? "";
      return document.getElementById(id)?.textContent;
    });
    expect(description).toBe(
      "Refresh available at 14:32: Anthropic is rate limiting usage checks (HTTP 429).",
    );
  });

  test("a cooldown says since when, and its bar runs down", async () => {
    const page = await open("panel", { scenario: "cooling_down", clock: true });
    await page.getByText("since 13:12").waitFor();
    const left = (): Promise<number> =>
      page.locator(".wait > div").evaluate((bar) => {
        const [now, all] = [bar.clientWidth, bar.parentElement!.clientWidth];
        return Math.round((100 * now) / all);
      });
    expect(await left()).toBe(94);
    await page.clock.fastForward(35 * MINUTE);
    expect(await left()).toBe(50);
  });

  test("each account is refreshed for itself", async () => {
    const page = await open("panel", { scenario: "two_accounts" });
    await page.getByTestId("refresh").nth(1).dispatchEvent("click");
    await page.getByTestId("refresh-message").nth(1).getByText("Refresh available at").waitFor();
    expect(await commands(page)).toEqual([["refresh", "anthropic:work"]]);
    expect(await page.getByTestId("refresh-message").first().innerText()).toBe("");
  });
});

describe("ways out", () => {
  test.each(["paused_scope", "paused_rejected", "expired", "absent"] as const)(
    "%s leads to the sign-in",
    async (scenario) => {
      const page = await open("panel", { scenario });
      await page.getByTestId("sign-in-help").click();
      expect(await commands(page)).toEqual([["open_settings", "anthropic:ann"]]);
    },
  );

  test("Settings, Close and Escape", async () => {
    const page = await open("panel");
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Close" }).click();
    await page.keyboard.press("Escape");
    expect(await commands(page)).toEqual([
      ["open_settings", null],
      ["close_window"],
      ["close_window"],
    ]);
  });

  test("settings that do not open say why", async () => {
    const page = await open("panel", { scenario: "refused" });
    await page.getByTestId("open-settings").click();
    await page.getByRole("status").getByText("The settings window did not open.").waitFor();
  });

  test("a program that fails is named, and can be tried again", async () => {
    const page = await open("panel", { scenario: "failing" });
    expect(await text(page, "failure")).toContain(
      "Holdoff's tray app is no longer running. Start Holdoff again.",
    );
    await page.getByRole("button", { name: "Try again" }).click();
    await page.waitForFunction(
      () => window.holdoffMock.calls.filter(([name]) => name === "view").length === 2,
    );
    await page.getByTestId("failure").waitFor();
  });

  test("an event ends the waiting", async () => {
    const page = await open("panel", { scenario: "loading" });
    await page.evaluate(() => window.holdoffMock.emit(window.holdoffMock.current()));
    await page.getByTestId("window-five_hour").waitFor();
  });
});
