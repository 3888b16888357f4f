import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { SCENARIOS } from "../../src/mock/scenarios";
import { newPage, text, useBrowser } from "../support/pages";
import { contentSecurityPolicy } from "../support/server";

useBrowser();

declare global {
  interface Window {
    invoked: [command: string, payload: unknown][];
    emitView: (view: unknown) => void;
  }
}

describe("the built files", () => {
  const files: { name: string; content: string }[] = [];

  beforeAll(async () => {
    const folder = inject("productionFolder");
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const name = join(entry.parentPath, entry.name);
      files.push({ name, content: await readFile(name, "utf8") });
    }
  });

  test("are both pages with their scripts and styles", () => {
    const count = (ending: string): number =>
      files.filter(({ name }) => name.endsWith(ending)).length;
    expect(count(".html")).toBe(2);
    expect(count(".js")).toBeGreaterThanOrEqual(2);
    expect(count(".css")).toBeGreaterThanOrEqual(2);
  });

  test.each([/mock/i, /example\.com/, /scenario/i, /cooling down\./i, /claude auth login/])(
    "hold nothing of the mock: %s",
    (trace) => {
      expect(files.filter(({ content }) => trace.test(content))).toEqual([]);
    },
  );

  test("need no inline script and no inline style", () => {
    for (const { name, content } of files.filter((file) => file.name.endsWith(".html"))) {
      expect(content, name).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
    }
  });
});

test("the policy allows the app's own files and commands, and nothing else", async () => {
  expect(await contentSecurityPolicy()).toEqual({
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "ipc: http://ipc.localhost",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
  });
});

/** The little of Tauri that the page uses, in place of the web view's. */
async function openInTauri(name: string): Promise<Page> {
  const page = await newPage();
  await page.addInitScript((view) => {
    const callbacks = new Map<number, (event: unknown) => void>();
    const answers: Record<string, unknown> = {
      view,
      refresh: { done: true, message: "Asked." },
      change_settings: { done: true, message: null },
      status_lines: [],
    };
    window.invoked = [];
    window.emitView = (payload) => {
      for (const callback of callbacks.values()) callback({ event: "view", id: 1, payload });
    };
    Object.assign(window, {
      isTauri: true,
      __TAURI_INTERNALS__: {
        transformCallback: (callback: (event: unknown) => void) => {
          callbacks.set(callbacks.size + 1, callback);
          return callbacks.size;
        },
        invoke: (command: string, payload: unknown) => {
          window.invoked.push([command, payload]);
          return Promise.resolve(answers[command] ?? null);
        },
      },
    });
  }, SCENARIOS.ok);
  await page.goto(`${inject("productionUrl")}/${name}.html`);
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
  return page;
}

describe("inside Tauri", () => {
  test("the panel listens first, then asks, then follows events", async () => {
    const page = await openInTauri("panel");
    const [first, second] = await page.evaluate(() => window.invoked);
    expect(first).toMatchObject(["plugin:event|listen", { event: "view" }]);
    expect(second).toEqual(["view", {}]);
    await page.evaluate((view) => window.emitView(view), SCENARIOS.absent);
    await page.getByText("No sign-in", { exact: true }).waitFor();
  });

  test("a view that came with the page is shown before anything is answered", async () => {
    const page = await newPage();
    await page.addInitScript((view) => {
      const internals = { transformCallback: () => 1, invoke: () => new Promise(() => undefined) };
      globalThis.__HOLDOFF_VIEW__ = view;
      Object.assign(window, { isTauri: true, __TAURI_INTERNALS__: internals });
    }, SCENARIOS.absent);
    await page.goto(`${inject("productionUrl")}/panel.html`);
    await page.getByText("No sign-in", { exact: true }).waitFor();
  });

  test("the commands go out under their names", async () => {
    const page = await openInTauri("panel");
    await page.getByTestId("refresh").click();
    await page.getByText("Asked.").waitFor();
    await page.getByTestId("open-settings").click();
    await page.getByTestId("close").click();
    const invoked = await page.evaluate(() => window.invoked.slice(2));
    expect(invoked.some(([command]) => command === "fit")).toBe(true);
    expect(invoked.filter(([command]) => command !== "fit")).toEqual([
      ["refresh", { accountId: "anthropic:ann" }],
      ["open_settings", { accountId: null }],
      ["close_window", {}],
    ]);
  });

  test("a change of settings names only what changes", async () => {
    const page = await openInTauri("settings");
    await page.getByTestId("notify-recovery").click();
    await page.waitForFunction(() => window.invoked.length >= 5);
    const invoked = await page.evaluate(() => window.invoked.slice(2));
    expect(invoked).toEqual([
      ["status_lines", {}],
      ["change_settings", { change: { notify_recovery: false } }],
      ["view", {}],
    ]);
  });
});

test("outside the app the page says so", async () => {
  const page = await newPage();
  await page.goto(`${inject("productionUrl")}/panel.html`);
  await page.getByTestId("failure").waitFor();
  expect(await text(page, "failure")).toContain("outside the Holdoff app");
});
