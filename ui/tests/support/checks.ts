import axe from "axe-core";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { SCENARIOS, type Scenario } from "../../src/mock/scenarios";
import { open, type WindowName } from "./pages";

interface Size {
  width: number;
  height: number;
}

/** Without the one that turns into another by itself: what it is before and after has a scenario too. */
const LASTING = (Object.keys(SCENARIOS) as Scenario[]).filter((name) => name !== "recovering");

/** What holds for a window in every scenario: accessibility, width and the keyboard. */
export function checkEveryScenario(name: WindowName, widths: number[], sizes: Size[]): void {
  describe.each(LASTING)("%s", (scenario) => {
    let page: Page;

    beforeAll(async () => {
      page = await open(name, { scenario, context: { reducedMotion: "reduce" } });
    });

    test("is accessible in light and dark, and within the policy", async () => {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await faults(page), colorScheme).toEqual([]);
      }
    });

    test.each(sizes)(
      "is reached by Tab in order, with a focus that can be seen, at $width × $height",
      async (size) => {
        await page.setViewportSize(size);
        const expected = await controls(page);
        await beginAtTheTop(page);
        const stops = await tabStops(page, expected.length);
        expect(stops.map(({ control }) => control)).toEqual(expected);
        for (const { control, outline, hiddenBy } of stops) {
          expect(outline, `${control}`).toBe("solid 2px");
          expect(hiddenBy, `${control}`).toEqual([]);
        }
      },
    );

    test("fits every width", async () => {
      for (const width of widths) {
        await page.setViewportSize({ width, height: 480 });
        expect(await overflows(page), `at ${width} px`).toEqual([]);
      }
    });
  });
}

export async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
}

/** What sticks out of the window or out of its own box. */
function overflows(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>("body, body *:not(svg *)")) {
      if (element.closest(".visually-hidden") !== null) continue;
      const { right, left } = element.getBoundingClientRect();
      const sticksOut = right > window.innerWidth + 0.5 || left < -0.5;
      // What is typed into a field scrolls in it.
      const scrolls = element.matches("input[type=text]");
      const isCut =
        !scrolls && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
      if (sticksOut || isCut) found.push(`${element.tagName} ${element.className}`);
    }
    return found;
  });
}

/** The controls in the order in which they stand; a group of radios is one stop: the chosen one, or the first while none is. */
function controls(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const all = document.querySelectorAll<HTMLElement>(
      "button, input, select, [tabindex]:not([tabindex='-1'])",
    );
    const isStop = (control: HTMLElement): boolean => {
      if (!(control instanceof HTMLInputElement) || control.type !== "radio") return true;
      const group = document.getElementsByName(control.name) as NodeListOf<HTMLInputElement>;
      return control === (Array.from(group).find(({ checked }) => checked) ?? group[0]);
    };
    return Array.from(all)
      .filter(isStop)
      .map((control, index) => {
        control.dataset.stop = `${index} ${control.dataset.testid ?? control.textContent}`;
        return control.dataset.stop;
      });
  });
}

/** The next Tab leads to the first control, wherever the focus was before. */
function beginAtTheTop(page: Page): Promise<void> {
  return page.evaluate(() => {
    const start = document.createElement("span");
    start.tabIndex = -1;
    document.body.prepend(start);
    start.focus();
    start.remove();
  });
}

interface Stop {
  control: string | null;
  outline: string;
  /** What lies over it, at its middle and its four sides. */
  hiddenBy: string[];
}

async function tabStops(page: Page, count: number): Promise<Stop[]> {
  const stops: Stop[] = [];
  for (let pressed = 0; pressed < count; pressed++) {
    await page.keyboard.press("Tab");
    stops.push(
      await page.evaluate(() => {
        const focused = document.activeElement ?? document.body;
        const { outlineStyle, outlineWidth } = getComputedStyle(focused);
        const { left, right, top, bottom } = focused.getBoundingClientRect();
        const [x, y] = [(left + right) / 2, (top + bottom) / 2];
        const points: [number, number][] = [
          [x, y],
          [left + 2, y],
          [right - 2, y],
          [x, top + 2],
          [x, bottom - 2],
        ];
        const over = points.map(([x, y]) => document.elementFromPoint(x, y));
        const hiding = over.filter((element) => !focused.contains(element));
        return {
          control: focused.getAttribute("data-stop"),
          outline: `${outlineStyle} ${outlineWidth}`,
          hiddenBy: hiding.map((element) => element?.tagName ?? "the edge of the window"),
        };
      }),
    );
  }
  return stops;
}
