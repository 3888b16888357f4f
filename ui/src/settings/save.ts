import type { Change } from "../backend";
import type { Answer } from "../bindings/Answer";
import type { SettingsView } from "../bindings/SettingsView";

/** Resolves when the change can be seen in the settings, or with why it was not made. */
export type Save = (change: Change) => Promise<Answer>;

/** What every part of the settings is given. */
export interface SettingsProps {
  settings: SettingsView;
  save: Save;
}
