import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import type { MockHandle } from "../../src/mock";
import type { Scenario } from "../../src/mock/scenarios";

declare global {
  interface Window {
    holdoffMock: MockHandle;
  }
}

export type WindowName = "panel" | "settings";

interface Opened {
  scenario?: Scenario;
  theme?: "light" | "dark";
  width?: number;
  height?: number;
  /** The test can move the page's time. */
  clock?: boolean;
  context?: BrowserContextOptions;
}

const SIZES = { panel: { width: 360, height: 560 }, settings: { width: 560, height: 640 } };

/** Scenarios in which no view ever comes. */
const WITHOUT_VIEW: Scenario[] = ["loading", "failing"];

let browser: Browser;
const kept = new Map<string, Page>();
let complaints: string[] = [];

/** Connects a test file to the browser; every test fails on an error or a policy violation. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await chromium.connect(inject("browserEndpoint"));
  });
  afterEach(async () => {
    // An answer from the page comes after everything that it has complained of before.
    for (const page of kept.values()) await page.evaluate(() => null);
    const found = complaints;
    complaints = [];
    expect(found).toEqual([]);
  });
  afterAll(async () => {
    kept.clear();
    await browser.close();
  });
}

/** A page of its own that reports errors and policy violations. It stays until the file's end. */
export async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage(options);
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`${event.violatedDirective} forbids ${event.blockedURI}`);
    });
  });
  kept.set(`own ${kept.size}`, page);
  return page;
}

/** Pages are used again, because a new one takes longer than most tests. */
async function keptPage(options: Opened): Promise<Page> {
  const key = JSON.stringify([options.clock, options.context]);
  const page = kept.get(key) ?? (await newPage(options.context));
  if (options.clock === true && !kept.has(key)) await page.clock.install({ time: 0 });
  kept.set(key, page);
  return page;
}

/** A window of the mocked app, painted. */
export async function open(name: WindowName, options: Opened = {}): Promise<Page> {
  const size = SIZES[name];
  const scenario = options.scenario ?? "ok";
  const page = await keptPage(options);
  await page.setViewportSize({
    width: options.width ?? size.width,
    height: options.height ?? size.height,
  });
  const query = new URLSearchParams({ scenario, theme: options.theme ?? "" });
  await page.goto(`${inject("mockUrl")}/${name}.html?${query}`);
  await painted(page, scenario);
  return page;
}

async function painted(page: Page, scenario: Scenario): Promise<void> {
  if (WITHOUT_VIEW.includes(scenario)) {
    await page.getByTestId(scenario === "failing" ? "failure" : "loading").waitFor();
    return;
  }
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
}

export async function text(page: Page, testId: string): Promise<string> {
  const inner = await page.getByTestId(testId).innerText();
  return inner.replace(/\s+/g, " ").trim();
}

/** Why a control was not changed. */
export async function error(page: Page): Promise<string> {
  await page.getByTestId("control-error").waitFor();
  return text(page, "control-error");
}

/** The test id of what the keyboard is at. */
export function focused(page: Page): Promise<string | null> {
  return page.evaluate(() => document.activeElement?.getAttribute("data-testid") ?? null);
}

/** The commands that the page has sent, but those that only ask for the view or fit the window. */
export async function commands(page: Page): Promise<MockHandle["calls"]> {
  const calls = await page.evaluate(() => window.holdoffMock.calls);
  return calls.filter(([command]) => command !== "view" && command !== "fit");
}
