import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { commands, open, useBrowser } from "../support/pages";

useBrowser();

describe("the window", () => {
  const wanted = async (page: Page): Promise<number> => {
    await page.waitForFunction(() => window.holdoffMock.calls.some(([name]) => name === "fit"));
    return page.evaluate(() => {
      const fits = window.holdoffMock.calls.filter(([name]) => name === "fit");
      return fits.at(-1)?.[1] as number;
    });
  };

  test("is as high as its content, and follows it", async () => {
    const page = await open("panel", { scenario: "four_accounts" });
    const closed = await wanted(page);
    expect(closed).toBeLessThan(400);
    await page.getByTestId("open-account").first().click();
    await page.waitForFunction((height) => {
      const fits = window.holdoffMock.calls.filter(([name]) => name === "fit");
      return (fits.at(-1)?.[1] as number) > height + 200;
    }, closed);
    await page.getByTestId("open-account").first().click();
    await page.waitForFunction((height) => {
      const fits = window.holdoffMock.calls.filter(([name]) => name === "fit");
      return fits.at(-1)?.[1] === height;
    }, closed);
  });

  test("of that height, nothing scrolls and nothing is left over", async () => {
    const page = await open("panel");
    const height = await wanted(page);
    await page.setViewportSize({ width: 360, height });
    const [inner, room] = await page.locator(".content").evaluate((content) => {
      return [content.scrollHeight, content.clientHeight];
    });
    expect(inner).toBe(room);
    expect(await wanted(page)).toBe(height);
  });

  test("stays open when it is pinned", async () => {
    const page = await open("panel");
    const button = page.getByRole("button", { name: "Keep open" });
    await button.click();
    expect(await button.getAttribute("aria-pressed")).toBe("true");
    await button.click();
    expect(await commands(page)).toEqual([
      ["pin", true],
      ["pin", false],
    ]);
  });
});

test("a panel that is too low scrolls inside and keeps its header and footer", async () => {
  const page = await open("panel", { scenario: "many_windows", height: 360 });
  await page.getByTestId("money-balance").scrollIntoViewIfNeeded();
  const close = await page.getByTestId("close").boundingBox();
  const refresh = await page.getByTestId("refresh").boundingBox();
  expect(close?.y).toBeLessThan(20);
  expect(refresh?.y).toBeGreaterThan(280);
  const pageScrolls = await page.evaluate(() => {
    const { scrollHeight, clientHeight } = document.documentElement;
    return scrollHeight > clientHeight;
  });
  expect(pageScrolls).toBe(false);
});

test("what is focused is scrolled to above the footer, not to behind it", async () => {
  const page = await open("panel", { scenario: "paused_scope", width: 300, height: 380 });
  await page.evaluate(() => {
    const trouble = { title: "State cannot be saved", text: "Free some space. ".repeat(5) };
    window.holdoffMock.emit({ ...window.holdoffMock.current(), troubles: [trouble] });
  });
  await page.getByTestId("trouble").waitFor();
  await page.getByTestId("close").focus();
  await page.keyboard.press("Tab");
  const seen = await page.getByTestId("sign-in-help").evaluate((button) => {
    const { left, right, top, bottom } = button.getBoundingClientRect();
    const [x, edges] = [(left + right) / 2, [top + 2, bottom - 2]];
    const over = edges.map((y) => document.elementFromPoint(x, y));
    return button === document.activeElement && over.every((element) => element === button);
  });
  expect(seen).toBe(true);
});

describe("several accounts", () => {
  test("from three on, each is a row that opens by click and by key", async () => {
    const page = await open("panel", { scenario: "four_accounts" });
    const rows = page.getByTestId("open-account");
    expect(await rows.count()).toBe(4);
    expect(await page.getByTestId("account").count()).toBe(0);
    expect(await page.getByTestId("account-row").first().innerText()).toContain("82 % used");
    await rows.nth(1).click();
    expect(await rows.nth(1).getAttribute("aria-expanded")).toBe("true");
    await page.getByText("since 13:12").waitFor();
    await rows.nth(1).press("Enter");
    await page.getByTestId("account").waitFor({ state: "detached" });
  });

  test("a row says what is wrong in a word and a shape", async () => {
    const page = await open("panel", { scenario: "twelve_accounts" });
    const rows = page.getByTestId("account-row");
    expect(await rows.count()).toBe(12);
    for (const [row, word] of [
      [1, "Cooling down"],
      [2, "Paused"],
      [4, "Sign-in expired"],
      [5, "Stale reading"],
      [6, "No sign-in"],
    ] as const) {
      const sign = rows.nth(row).locator(".sign");
      expect((await sign.innerText()).trim()).toBe(word);
      expect(await sign.locator("svg > *").count()).toBeGreaterThan(0);
    }
  });
});
