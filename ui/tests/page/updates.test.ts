import { describe, expect, test } from "vitest";
import { commands, open, text, useBrowser } from "../support/pages";

useBrowser();

describe("the question", () => {
  test.each([
    ["updates-yes", true],
    ["updates-no", false],
  ])("is answered with %s, and not asked again", async (button, on) => {
    const page = await open("panel", { scenario: "update_question" });
    expect(await text(page, "update-question")).toContain("once a day");
    await page.getByTestId(button).click();
    await page.getByTestId("update-question").waitFor({ state: "detached" });
    expect(await commands(page)).toContainEqual(["choose_updates", on]);
  });

  test("is not asked of a build that cannot look", async () => {
    const page = await open("panel");
    expect(await page.getByTestId("update-question").count()).toBe(0);
    await open("settings");
    expect(await text(page, "updates-status")).toContain(
      "This build of Holdoff does not check for updates",
    );
    expect(await page.getByTestId("updates").count()).toBe(0);
  });
});

describe("a newer version", () => {
  test("is said in the panel, which leads to the settings", async () => {
    const page = await open("panel", { scenario: "update_offered" });
    expect(await text(page, "update-notice")).toContain("Holdoff 0.2.0 is available.");
    await page.getByTestId("see-update").click();
    expect(await commands(page)).toContainEqual(["open_settings", null]);
  });

  test("is installed by a click, once", async () => {
    const page = await open("settings", { scenario: "update_offered" });
    expect(await text(page, "update-notes")).toContain("A bar for each model.");
    await page.getByTestId("install-update").click();
    expect(await text(page, "update-progress")).toBe("Downloading…");
    await page.getByTestId("install-update").click({ force: true });
    await page.getByTestId("skip-update").click({ force: true });
    const asked = (await commands(page)).filter(([name]) => name.endsWith("_update"));
    expect(asked).toEqual([["install_update", "0.2.0"]]);
  });

  test("can be skipped", async () => {
    const page = await open("settings", { scenario: "update_offered" });
    await page.getByTestId("skip-update").click();
    await page.getByTestId("update").waitFor({ state: "detached" });
    expect(await commands(page)).toContainEqual(["skip_update", "0.2.0"]);
  });

  test("of somebody else's package is only announced", async () => {
    const page = await open("settings", { scenario: "update_announced" });
    expect(await text(page, "update")).toContain("Update it the way you installed it.");
    expect(await page.getByTestId("install-update").count()).toBe(0);
  });

  test("that has to be installed by hand comes with its command", async () => {
    const page = await open("settings", { scenario: "update_to_paste" });
    expect(await text(page, "update-command")).toContain("sudo rpm --upgrade");
  });
});
