import type { Locator, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { faults } from "../support/checks";
import { commands, error, focused, open, text, useBrowser } from "../support/pages";

useBrowser();

function account(page: Page, label: string): Locator {
  return page.getByRole("group", { name: label });
}

async function words(locator: Locator): Promise<string> {
  return (await locator.innerText()).replace(/\s+/g, " ").trim();
}

const WORK = { id: "anthropic:work", label: null, enabled: null, renewal: null, readings: null };

describe("accounts in the settings", () => {
  test("each with its name, plan, places and switches", async () => {
    const page = await open("settings", { scenario: "two_accounts" });
    expect(await page.getByTestId("account-choices").count()).toBe(3);
    const work = account(page, "Work");
    const said = await words(work);
    expect(said).toContain("ann@work.example.com");
    expect(said).toContain("Team");
    expect(said).toContain("~/.claude-work/.credentials.json · in use");
    expect(said).toContain("signed in; not used while the other sign-in works");
    expect(await work.getByRole("switch", { name: "Use this account" }).isChecked()).toBe(true);
    const old = account(page, "Everything that the department");
    expect(await old.getByRole("switch", { name: "Use this account" }).isChecked()).toBe(false);
    expect(await words(old)).toContain("Holdoff neither checks nor shows this account");
  });

  test("the settings turn to the sign-in that they were opened for, each time", async () => {
    const page = await open("settings", { scenario: "two_accounts" });
    const work = page.getByRole("article", { name: "Work" }).getByRole("heading");
    const isFocused = (): Promise<boolean> =>
      work.evaluate((heading) => heading === document.activeElement);
    expect(await isFocused()).toBe(false);
    for (const time of [1, 2]) {
      await page.evaluate(() => {
        (document.activeElement as HTMLElement | null)?.blur();
        window.scrollTo(0, document.body.scrollHeight);
      });
      await page.evaluate((time) => {
        const turned_to = { account: "anthropic:work", time };
        window.holdoffMock.emit({ ...window.holdoffMock.current(), turned_to });
      }, time);
      await page.waitForFunction(() => document.activeElement?.tagName === "H3");
      expect(await isFocused()).toBe(true);
      const top = await work.evaluate((heading) => heading.getBoundingClientRect().top);
      expect(top).toBeGreaterThanOrEqual(0);
      expect(top).toBeLessThan(200);
    }
  });

  test("renewal is off, and both sides of it are said", async () => {
    const page = await open("settings");
    const control = page.getByRole("switch", { name: "Let Holdoff renew the sign-in" });
    expect(await control.isChecked()).toBe(false);
    const hint = await control.getAttribute("aria-describedby");
    const said = await words(page.locator(`[id="${hint?.split(" ")[0]}"]`));
    expect(said).toContain("Claude Code renews it the next time you use it");
    expect(said).toContain("you have to sign in again");
  });

  test.each([
    ["Use this account", "enabled", false],
    ["Let Holdoff renew the sign-in", "renewal", false],
  ] as const)("%s is changed for one account", async (name, key, value) => {
    const page = await open("settings", { scenario: "two_accounts" });
    await account(page, "Work").getByRole("switch", { name }).click();
    await page.waitForFunction(() => window.holdoffMock.calls.length > 2);
    expect(await commands(page)).toEqual([
      ["change_settings", { account: { ...WORK, [key]: value } }],
    ]);
    const others = page.getByRole("switch", { name });
    expect(await others.nth(0).isChecked()).toBe(key === "enabled");
    expect(await others.nth(1).isChecked()).toBe(value);
  });

  test("one account can do with free readings, and is not offered a renewal then", async () => {
    const page = await open("settings", { scenario: "two_accounts" });
    const work = account(page, "Work");
    await work.getByRole("switch", { name: "Free readings only" }).click();
    await work.getByTestId("account-renewal").waitFor({ state: "detached" });
    expect(await commands(page)).toEqual([
      ["change_settings", { account: { ...WORK, readings: "free_only" } }],
    ]);
    await work.getByRole("switch", { name: "Free readings only" }).click();
    await work.getByTestId("account-renewal").waitFor();
  });

  test("a label is kept when the field is left, and an empty one is the address again", async () => {
    const page = await open("settings", { scenario: "two_accounts" });
    const label = account(page, "Work").getByLabel("Label");
    expect(await label.inputValue()).toBe("Work");
    await label.fill("The office");
    await label.press("Tab");
    await account(page, "The office").waitFor();
    const again = account(page, "The office").getByLabel("Label");
    expect(await again.inputValue()).toBe("The office");
    await again.fill("");
    await again.press("Enter");
    await account(page, "ann@work.example.com").waitFor();
    expect(await again.count()).toBe(0);
    expect(await commands(page)).toEqual([
      ["change_settings", { account: { ...WORK, label: "The office" } }],
      ["change_settings", { account: { ...WORK, label: "" } }],
    ]);
  });

  test("a label that is refused stays in the field, and is wrong", async () => {
    const page = await open("settings", { scenario: "refused" });
    const label = page.getByTestId("account-label");
    expect(await label.getAttribute("aria-invalid")).toBe("false");
    await label.fill("The office");
    await label.press("Enter");
    await error(page);
    expect(await label.inputValue()).toBe("The office");
    expect(await label.getAttribute("aria-invalid")).toBe("true");
  });

  test("what is refused goes back and says why", async () => {
    const page = await open("settings", { scenario: "refused" });
    await page.getByTestId("account-enabled").click();
    expect(await error(page)).toBe("The settings could not be saved.");
    expect(await page.getByTestId("account-enabled").isChecked()).toBe(true);
  });
});

describe("folders", () => {
  test("one is added with Enter, said, and listed", async () => {
    const page = await open("settings");
    await page.getByLabel("Another sign-in").fill("~/.claude-work");
    await page.keyboard.press("Enter");
    await page.getByText("Added ~/.claude-work (no sign-in found).").waitFor();
    expect(await words(page.getByRole("group", { name: "Folders without an account" }))).toContain(
      "~/.claude-work/.credentials.json · no sign-in found",
    );
    expect(await page.getByTestId("folder").inputValue()).toBe("");
    expect(await commands(page)).toEqual([["change_settings", { add_folder: "~/.claude-work" }]]);
  });

  test("one that cannot be added stays in the field with the reason", async () => {
    const page = await open("settings", { scenario: "refused" });
    await page.getByTestId("folder").fill("~/.claude-work");
    await page.getByTestId("add-folder").click();
    expect(await error(page)).toBe("The settings could not be saved.");
    const field = page.getByTestId("folder");
    expect(await field.inputValue()).toBe("~/.claude-work");
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    const described = await field.getAttribute("aria-describedby");
    expect(await words(page.locator(`[id="${described?.split(" ")[1]}"]`))).toContain(
      "could not be saved",
    );
    await field.fill("~/.claude");
    expect(await page.getByTestId("control-error").count()).toBe(0);
  });

  test("one is removed, and the keyboard is not lost with its button", async () => {
    const page = await open("settings", { scenario: "two_accounts" });
    await page.getByRole("button", { name: "Remove the folder ~/.claude-new" }).press("Enter");
    await page
      .getByRole("group", { name: "Folders without an account" })
      .waitFor({ state: "detached" });
    expect(await focused(page)).toBe("folder");
    expect(await commands(page)).toEqual([["change_settings", { remove_folder: "~/.claude-new" }]]);
  });

  test("those that are looked at anyway cannot be removed", async () => {
    const page = await open("settings");
    expect(await page.getByTestId("place").count()).toBe(1);
    expect(await page.getByTestId("remove-folder").count()).toBe(0);
  });
});

test.each(["panel", "settings"] as const)(
  "the %s tells accounts that are switched off from none at all",
  async (window) => {
    const page = await open(window, { scenario: "switched_off" });
    expect(await text(page, "no-accounts")).toContain("All accounts are switched off");
    await open(window, { scenario: "no_accounts" });
    expect(await text(page, "no-accounts")).toContain("Holdoff found no sign-in");
  },
);

test("the panel has a card for each account", async () => {
  const page = await open("panel", { scenario: "two_accounts" });
  const cards = page.getByTestId("account");
  expect(await cards.count()).toBe(2);
  expect(await words(cards.nth(0))).toContain("ann@example.com");
  expect(await words(cards.nth(1))).toContain("Work");
  expect(await words(cards.nth(1))).toContain("Next check at 14:32");
});

describe("a provider whose sign-in is a pasted key", () => {
  async function withKey(scenario: "ok" | "refused"): Promise<Page> {
    const page = await open("settings", { scenario });
    await page.evaluate(() => {
      const view = window.holdoffMock.current();
      const other = {
        key: "other",
        name: "Other",
        owner: "Other",
        folders: null,
        pasted_key: { name: "API key", address: "https://other.example/keys" },
      };
      window.holdoffMock.emit({ ...view, providers: [...view.providers, other] });
    });
    return page;
  }

  test("has a field for it, which is emptied when the key is stored, and the key can be removed", async () => {
    const page = await withKey("ok");
    const field = page.getByLabel("Other API key");
    expect(await field.getAttribute("type")).toBe("password");
    await field.fill("sk-other");
    await page.getByTestId("store-key").click();
    await page.getByTestId("key-message").getByText("Stored.").waitFor();
    expect(await field.inputValue()).toBe("");
    await page.getByTestId("remove-key").click();
    await page.getByTestId("key-message").getByText("Removed.").waitFor();
    expect(await commands(page)).toEqual([
      ["paste_key", { provider: "other", key: "sk-other" }],
      ["paste_key", { provider: "other", key: null }],
    ]);
    expect(await faults(page)).toEqual([]);
  });

  test("says why a key was not stored, and stores no empty one", async () => {
    const page = await withKey("refused");
    await page.getByTestId("store-key").click();
    expect(await commands(page)).toEqual([]);
    await page.getByLabel("Other API key").fill("sk-other");
    await page.getByTestId("store-key").click();
    expect(await error(page)).toContain("The system's keyring is locked.");
  });
});
