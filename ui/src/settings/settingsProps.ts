import type { Change } from "../backend";
import type { Answer } from "../bindings/Answer";
import type { SettingsView } from "../bindings/SettingsView";

/** Resolves once the settings show the change, or with an error message. */
export type Save = (change: Change) => Promise<Answer>;

/** The props of every settings section. */
export interface SettingsProps {
  settings: SettingsView;
  save: Save;
}
