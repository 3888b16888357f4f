/** What the program would show and answer, written by the test that writes the bindings. */

import { DEFAULT_SETTINGS } from "../bindings/Settings";
import type { View } from "../bindings/View";
import answers from "./shown/answers.json";
import scenarios from "./shown/scenarios.json";

export type Scenario = keyof typeof scenarios;

// A text of JSON has no narrower type; what is in it was made from the types that the bindings are.
const shown = scenarios as unknown as Record<Scenario, View>;

export const SCENARIOS = Object.fromEntries(
  Object.entries(shown).map(([name, view]) => [
    name,
    { ...view, settings: { ...DEFAULT_SETTINGS, ...view.settings } },
  ]),
) as Record<Scenario, View>;

export const ANSWERS = answers;
