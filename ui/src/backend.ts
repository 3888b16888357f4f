import { invoke, isTauri } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { Answer } from "./bindings/Answer";
import type { Settings } from "./bindings/Settings";
import type { SettingsChange } from "./bindings/SettingsChange";
import type { StatusLineAnswer } from "./bindings/StatusLineAnswer";
import type { StatusLineView } from "./bindings/StatusLineView";
import type { View } from "./bindings/View";

/** Settings by key, an account, folders. Missing fields stay unchanged; an empty text clears the setting. */
export type Change = Partial<Settings> & SettingsChange;

/** The commands that the pages may call. */
export interface Backend {
  /** The view that was loaded with the page, if it was ready in time. */
  firstView(): View | null;
  view(): Promise<View>;
  /** Calls `show` with every new view from now on. */
  onView(show: (view: View) => void): Promise<void>;
  refresh(accountId: string): Promise<Answer>;
  changeSettings(change: Change): Promise<Answer>;
  /** Writes the whole history to the user's download folder. */
  exportHistory(format: "csv" | "json"): Promise<Answer>;
  deleteHistory(): Promise<Answer>;
  /** The current state of the owner's status lines. */
  statusLines(): Promise<StatusLineView[]>;
  /** Plans a change; with the fingerprint of the plan that was shown, applies it. */
  statusLine(place: string, install: boolean, agreed: string | null): Promise<StatusLineAnswer>;
  /** Opens a terminal with the owner's own sign-in, or returns what is missing. */
  signIn(accountId: string): Promise<Answer>;
  /** Stores a key in the system's keyring, or removes the stored one. No page ever gets it back. */
  pasteKey(provider: string, key: string | null): Promise<Answer>;
  /** Turns the update check on or off. */
  chooseUpdates(on: boolean): Promise<Answer>;
  /** Starts the installation. The view shows its progress. */
  installUpdate(version: string): Promise<Answer>;
  skipUpdate(version: string): Promise<Answer>;
  /** Opens at this account's sign-in, if one is given. */
  openSettings(accountId: string | null): Promise<void>;
  /** Makes the panel's window this high, in CSS pixels, as far as the screen allows. */
  fit(height: number): Promise<void>;
  /** Whether the panel stays open when it loses focus. */
  pin(pinned: boolean): Promise<void>;
  closeWindow(): Promise<void>;
}

declare global {
  /** Set before the page's own scripts run. */
  var __HOLDOFF_VIEW__: View | undefined;
}

const tauri: Backend = {
  firstView: () => globalThis.__HOLDOFF_VIEW__ ?? null,
  view: () => invoke<View>("view"),
  onView: async (show) => {
    await listen<View>("view", (event) => show(event.payload));
  },
  refresh: (accountId) => invoke<Answer>("refresh", { accountId }),
  changeSettings: (change) => invoke<Answer>("change_settings", { change }),
  exportHistory: (format) => invoke<Answer>("export_history", { format }),
  deleteHistory: () => invoke<Answer>("delete_history"),
  statusLines: () => invoke<StatusLineView[]>("status_lines"),
  statusLine: (place, install, agreed) =>
    invoke<StatusLineAnswer>("status_line", { place, install, agreed }),
  signIn: (accountId) => invoke<Answer>("sign_in", { accountId }),
  pasteKey: (provider, key) => invoke<Answer>("paste_key", { provider, key }),
  chooseUpdates: (on) => invoke<Answer>("choose_updates", { on }),
  installUpdate: (version) => invoke<Answer>("install_update", { version }),
  skipUpdate: (version) => invoke<Answer>("skip_update", { version }),
  openSettings: (accountId) => invoke<void>("open_settings", { accountId }),
  fit: (height) => invoke<void>("fit", { height }),
  pin: (pinned) => invoke<void>("pin", { pinned }),
  closeWindow: () => invoke<void>("close_window"),
};

const OUTSIDE = "This page shows nothing outside the Holdoff app.";

const outside: Backend = {
  firstView: () => null,
  view: () => Promise.reject(new Error(OUTSIDE)),
  onView: () => Promise.reject(new Error(OUTSIDE)),
  refresh: () => Promise.reject(new Error(OUTSIDE)),
  changeSettings: () => Promise.reject(new Error(OUTSIDE)),
  exportHistory: () => Promise.reject(new Error(OUTSIDE)),
  deleteHistory: () => Promise.reject(new Error(OUTSIDE)),
  statusLines: () => Promise.reject(new Error(OUTSIDE)),
  statusLine: () => Promise.reject(new Error(OUTSIDE)),
  signIn: () => Promise.reject(new Error(OUTSIDE)),
  pasteKey: () => Promise.reject(new Error(OUTSIDE)),
  chooseUpdates: () => Promise.reject(new Error(OUTSIDE)),
  installUpdate: () => Promise.reject(new Error(OUTSIDE)),
  skipUpdate: () => Promise.reject(new Error(OUTSIDE)),
  openSettings: () => Promise.reject(new Error(OUTSIDE)),
  fit: () => Promise.reject(new Error(OUTSIDE)),
  pin: () => Promise.reject(new Error(OUTSIDE)),
  closeWindow: () => Promise.reject(new Error(OUTSIDE)),
};

export async function openBackend(): Promise<Backend> {
  if (isTauri()) return tauri;
  // The bundler resolves MODE, so a production build does not contain this import.
  if (import.meta.env.MODE !== "production") {
    const { openMock } = await import("./mock");
    return openMock(location.search);
  }
  return outside;
}

/** Any error as a sentence for the user; the shell rejects with plain strings. */
export function errorText(error: unknown): string {
  if (typeof error === "string" && error !== "") return error;
  if (error instanceof Error && error.message !== "") return error.message;
  return "Holdoff did not answer.";
}
