import type { Answer } from "../bindings/Answer";
import type { SettingsChange } from "../bindings/SettingsChange";
import type { SettingsView } from "../bindings/SettingsView";

/** What every part of the settings is given. */
export interface SettingsProps {
  settings: SettingsView;
  /** Resolves when the change can be seen in `settings`, or with why it was not made. */
  save: (change: Partial<SettingsChange>) => Promise<Answer>;
}
