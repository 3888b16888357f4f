import type { Backend, Change } from "./backend";
import type { AccountChange } from "./bindings/AccountChange";
import type { AccountChoice } from "./bindings/AccountChoice";
import type { Answer } from "./bindings/Answer";
import type { PlaceView } from "./bindings/PlaceView";
import type { SettingsView } from "./bindings/SettingsView";
import type { Theme } from "./bindings/Theme";
import type { View } from "./bindings/View";
import { installing, withChoice } from "./mock/updates";
import { StatusLines } from "./mock/statusLine";
import { ANSWERS, SCENARIOS, type Scenario } from "./mock/scenarios";

const RECOVERS_AFTER_MS = 3000;

/** The paths of Claude Code's settings, in scenarios where they differ from the default. */
const SETTINGS_FILES: Partial<Record<Scenario, string[]>> = {
  two_accounts: ["~/.claude/settings.json", "/home/ann/my work/settings.json"],
};

const DONE: Answer = { done: true, message: null };

/** The mock as the tests see it, in `window.holdoffMock`. */
export interface MockHandle {
  /** All commands with their arguments, in order. */
  calls: [command: string, argument?: unknown][];
  /** Sends a view event, as the program would. */
  emit: (view: View) => void;
  current: () => View;
}

/** A backend that serves the scenario and theme given in the page's URL. */
export function openMock(search: string): Backend {
  const wanted = new URLSearchParams(search);
  const scenario = scenarioOf(wanted.get("scenario"));
  const calls: MockHandle["calls"] = [];
  const statusLines = new StatusLines(SETTINGS_FILES[scenario] ?? ["~/.claude/settings.json"]);
  const listeners: ((view: View) => void)[] = [];
  let current = withTheme(SCENARIOS[scenario], wanted.get("theme"));

  function emit(view: View): void {
    current = view;
    for (const show of listeners) show(view);
  }

  Object.assign(window, { holdoffMock: { calls, emit, current: () => current } });
  if (scenario === "recovering") {
    setTimeout(
      () => emit({ ...SCENARIOS.recovered, settings: current.settings }),
      RECOVERS_AFTER_MS,
    );
  }

  return {
    firstView: () => null,
    view: () => {
      calls.push(["view"]);
      if (scenario === "loading") return new Promise(() => undefined);
      if (scenario === "failing")
        return Promise.reject("Holdoff's tray app is no longer running. Start Holdoff again.");
      return Promise.resolve(current);
    },
    onView: (show) => {
      listeners.push(show);
      return Promise.resolve();
    },
    refresh: (accountId) => {
      calls.push(["refresh", accountId]);
      const account = current.accounts.find(({ id }) => id === accountId);
      if (account === undefined) return Promise.reject("There is no account to refresh.");
      const { allowed, reason } = account.refresh;
      const message = allowed ? "Refresh requested." : reason;
      return Promise.resolve({ done: allowed, message });
    },
    changeSettings: (change) => {
      calls.push(["change_settings", change]);
      if (scenario === "refused") {
        return Promise.resolve({ done: false, message: "The settings could not be saved." });
      }
      if (change.add_folder === "") {
        return Promise.resolve({
          done: false,
          message: "Name the folder, such as ~/.claude-work.",
        });
      }
      emit({
        ...current,
        settings: changed(current.settings, change),
        updates: withChoice(current.updates, change.updates),
      });
      const message = change.add_folder ? added(change.add_folder) : null;
      return Promise.resolve({ done: true, message });
    },
    exportHistory: (format) => {
      calls.push(["export_history", format]);
      if (scenario === "refused") {
        return Promise.resolve({ done: false, message: ANSWERS.not_exported });
      }
      return Promise.resolve({ done: true, message: ANSWERS[`exported_${format}`] });
    },
    deleteHistory: () => {
      calls.push(["delete_history"]);
      if (scenario === "refused") {
        const message =
          "Could not delete the history (permission denied). Fix the permissions of Holdoff's folder, or quit Holdoff and delete the files named history.sqlite3 in it.";
        return Promise.resolve({ done: false, message });
      }
      return Promise.resolve({ done: true, message: ANSWERS.history_deleted });
    },
    // Only reads, so it is not recorded as a command.
    statusLines: () => Promise.resolve(statusLines.all()),
    statusLine: (place, install, agreed) => {
      calls.push(["status_line", { place, install, agreed }]);
      if (scenario === "refused" && agreed !== null) {
        const message = ANSWERS.status_line_changed;
        return Promise.resolve({ plan: null, answer: { done: false, message } });
      }
      return Promise.resolve(statusLines.change(place, install, agreed));
    },
    signIn: (accountId) => {
      calls.push(["sign_in", accountId]);
      if (scenario === "refused") return Promise.reject("No terminal was found on this computer.");
      if (scenario === "no_claude") {
        const message = "Claude Code was not found on this computer.";
        return Promise.resolve({ done: false, message });
      }
      emit({ ...current, accounts: SCENARIOS.waiting.accounts });
      return Promise.resolve(DONE);
    },
    pasteKey: (provider, key) => {
      calls.push(["paste_key", { provider, key }]);
      if (scenario === "refused") return Promise.reject("The system's keyring is locked.");
      return Promise.resolve({ done: true, message: key === null ? "Removed." : "Stored." });
    },
    chooseUpdates: (on) => {
      calls.push(["choose_updates", on]);
      emit({ ...current, updates: withChoice(current.updates, on) });
      return Promise.resolve(DONE);
    },
    installUpdate: (version) => {
      calls.push(["install_update", version]);
      emit({ ...current, updates: installing(current.updates) });
      return Promise.resolve(DONE);
    },
    skipUpdate: (version) => {
      calls.push(["skip_update", version]);
      emit({ ...current, updates: { ...current.updates, update: null } });
      return Promise.resolve(DONE);
    },
    openSettings: (accountId) => {
      calls.push(["open_settings", accountId]);
      if (scenario === "refused") return Promise.reject("The settings window did not open.");
      return Promise.resolve();
    },
    fit: (height) => {
      calls.push(["fit", height]);
      return Promise.resolve();
    },
    pin: (pinned) => {
      calls.push(["pin", pinned]);
      return Promise.resolve();
    },
    closeWindow: () => {
      calls.push(["close_window"]);
      return Promise.resolve();
    },
  };
}

function scenarioOf(name: string | null): Scenario {
  return name !== null && name in SCENARIOS ? (name as Scenario) : "ok";
}

function withTheme(view: View, theme: string | null): View {
  if (theme !== "light" && theme !== "dark") return view;
  return { ...view, settings: { ...view.settings, theme: theme satisfies Theme } };
}

function changed(settings: SettingsView, change: Change): SettingsView {
  const { account, add_folder, remove_folder, ...plain } = change;
  const fields = Object.entries(plain).filter(([, value]) => value !== null);
  let next: SettingsView = { ...settings, ...Object.fromEntries(fields) };
  if (change.readings) next = { ...next, offers_readings: false };
  if (next.quiet_hours === "") next = { ...next, quiet_hours: null };
  if (account) next = { ...next, accounts: next.accounts.map((one) => chosen(one, account)) };
  if (add_folder) next = { ...next, folders: [...next.folders, newFolder(add_folder)] };
  if (remove_folder) next = without(next, remove_folder);
  return next;
}

function chosen(account: AccountChoice, change: AccountChange): AccountChoice {
  if (account.id !== change.id) return account;
  const { label, enabled, renewal, readings } = change;
  return {
    ...account,
    label: label === null ? account.label : label.trim() || account.name,
    enabled: enabled ?? account.enabled,
    renewal: renewal ?? account.renewal,
    readings: readings ?? account.readings,
  };
}

function added(folder: string): string {
  return ANSWERS.folder_added.replaceAll("~/.claude-work", folder);
}

function newFolder(folder: string): PlaceView {
  return { place: `${folder}/.credentials.json`, state: "no sign-in found", listed: folder };
}

function without(settings: SettingsView, folder: string): SettingsView {
  const stays = ({ listed }: PlaceView): boolean => listed !== folder;
  const accounts = settings.accounts
    .map((account) => ({ ...account, places: account.places.filter(stays) }))
    .filter(({ places }) => places.length > 0);
  return { ...settings, accounts, folders: settings.folders.filter(stays) };
}
