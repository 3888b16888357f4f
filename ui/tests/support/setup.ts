import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { TestProject } from "vitest/node";
import { launchChromium } from "./chromium";
import { serve } from "./server";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

declare module "vitest" {
  export interface ProvidedContext {
    browserEndpoint: string;
    mockUrl: string;
    productionUrl: string;
    productionFolder: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const browser = await launchChromium();
  const folder = await mkdtemp(join(tmpdir(), "holdoff-ui-"));
  const mockFolder = join(folder, "mock");
  const productionFolder = join(folder, "production");
  await buildInto(mockFolder, "mock");
  await buildInto(productionFolder, "production");
  const mock = await serve(mockFolder);
  const production = await serve(productionFolder);

  project.provide("browserEndpoint", browser.wsEndpoint());
  project.provide("mockUrl", mock.url);
  project.provide("productionUrl", production.url);
  project.provide("productionFolder", productionFolder);

  return async () => {
    await browser.close();
    await mock.close();
    await production.close();
    await rm(folder, { recursive: true });
  };
}

/** The test runner sets NODE_ENV to "test", which would build Svelte's development code. */
async function buildInto(outDir: string, mode: string): Promise<void> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = "production";
  try {
    await build({ root: ROOT, mode, logLevel: "warn", build: { outDir, emptyOutDir: true } });
  } finally {
    process.env.NODE_ENV = before;
  }
}
