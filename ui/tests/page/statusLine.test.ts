import { describe, expect, test } from "vitest";
import { faults } from "../support/checks";
import { commands, focused, open, text, useBrowser } from "../support/pages";

useBrowser();

describe("the status line of Claude Code", () => {
  test("a change is shown first, and made only when it is agreed to", async () => {
    const page = await open("settings");
    expect(await text(page, "status-line-text")).toContain("Your own status line");
    await page.getByTestId("install-status-line").click();
    const change = page.getByTestId("status-line-change");
    expect(await change.innerText()).toContain("~/.claude/settings.json");
    expect(await change.locator(".removed").innerText()).toMatch(/^- +"statusLine"/);
    expect(await change.locator(".added").innerText()).toContain("/usr/bin/holdoff statusline");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      expect(await faults(page), colorScheme).toEqual([]);
    }
    await page.getByTestId("disagree").click();
    expect(await change.count()).toBe(0);
    await page.getByTestId("install-status-line").click();
    await page.getByTestId("agree").click();
    await page.getByText("Claude Code's status line now calls Holdoff.").waitFor();
    expect(await text(page, "status-line-text")).toContain(
      "The status line calls Holdoff, then your own",
    );
    expect(await page.getByTestId("install-status-line").count()).toBe(0);
    const place = "~/.claude/settings.json";
    expect(await commands(page)).toEqual([
      ["status_line", { place, install: true, agreed: null }],
      ["status_line", { place, install: true, agreed: null }],
      ["status_line", { place, install: true, agreed: "f1" }],
    ]);
    await page.getByTestId("remove-status-line").click();
    await page.getByTestId("agree").click();
    await page.getByText("Claude Code's status line is your own command again: my-line").waitFor();
  });

  test("the change is reached and left with the keyboard", async () => {
    const page = await open("settings");
    await page.getByTestId("install-status-line").focus();
    await page.keyboard.press("Enter");
    await page.getByTestId("status-line-change").waitFor();
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("agree");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("disagree");
    await page.keyboard.press("Enter");
    expect(await page.getByTestId("status-line-change").count()).toBe(0);
    expect(await focused(page)).toBe("install-status-line");
  });

  test("each button says which settings it changes, whatever their folder is called", async () => {
    const page = await open("settings", { scenario: "two_accounts" });
    const descriptions = await page.getByTestId("install-status-line").evaluateAll((buttons) =>
      buttons.map((button) => {
        const ids = button.getAttribute("aria-describedby")?.split(/\s+/) ?? [];
        return ids.map((id) => document.getElementById(id)?.textContent).join(" ");
      }),
    );
    expect(descriptions).toEqual(["~/.claude/settings.json", "/home/ann/my work/settings.json"]);
    const second = page.getByTestId("status-line").nth(1);
    await second.getByTestId("install-status-line").click();
    await second.getByTestId("agree").click();
    await second.getByTestId("remove-status-line").waitFor();
    expect(await focused(page)).toBe("remove-status-line");
    const [first] = await page.getByTestId("status-line-text").allInnerTexts();
    expect(first).toContain("Your own status line does not call Holdoff");
  });

  test("a change that is not made says why", async () => {
    const page = await open("settings", { scenario: "refused" });
    await page.getByTestId("install-status-line").click();
    await page.getByTestId("agree").click();
    await page.getByText("have changed in the meantime").waitFor();
    expect(await page.getByTestId("status-line-change").count()).toBe(0);
  });
});
