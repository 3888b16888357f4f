import { existsSync } from "node:fs";
import { chromium, type BrowserServer } from "playwright-core";

const EXECUTABLE = process.env.HOLDOFF_CHROMIUM ?? "/usr/bin/chromium";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

export async function launchChromium(): Promise<BrowserServer> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(
      `The page tests need Chromium, and there is none at ${EXECUTABLE}. ` +
        "Install it (Debian, Ubuntu: apt-get install chromium), or name another in HOLDOFF_CHROMIUM.",
    );
  }
  return chromium.launchServer({ executablePath: EXECUTABLE, args: ARGUMENTS });
}
