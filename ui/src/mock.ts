import type { Backend } from "./backend";
import type { Answer } from "./bindings/Answer";
import type { SettingsChange } from "./bindings/SettingsChange";
import type { SettingsView } from "./bindings/SettingsView";
import type { Theme } from "./bindings/Theme";
import type { View } from "./bindings/View";
import { MENDED, OPENED, SCENARIOS, type Scenario } from "./mock/scenarios";

const MENDS_AFTER_MS = 3000;

const DONE: Answer = { done: true, message: null };

/** What the tests see of the mock, as `window.holdoffMock`. */
export interface MockHandle {
  /** Every command with its arguments, in order. */
  calls: [command: string, argument?: unknown][];
  /** Shows a view as the program would, with an event. */
  emit: (view: View) => void;
  current: () => View;
}

/** A backend that serves the scenario and theme that the page's address names. */
export function openMock(search: string): Backend {
  const wanted = new URLSearchParams(search);
  const scenario = scenarioOf(wanted.get("scenario"));
  const calls: MockHandle["calls"] = [];
  const listeners: ((view: View) => void)[] = [];
  let current = withTheme(SCENARIOS[scenario], wanted.get("theme"));

  function emit(view: View): void {
    current = view;
    for (const show of listeners) show(view);
  }

  Object.assign(window, { holdoffMock: { calls, emit, current: () => current } });
  if (scenario === "mending") {
    setTimeout(() => emit({ ...MENDED, settings: current.settings }), MENDS_AFTER_MS);
  }

  return {
    view: () => {
      calls.push(["view"]);
      if (scenario === "loading") return new Promise(() => undefined);
      if (scenario === "failing") return Promise.reject("The program behind this window is gone.");
      return Promise.resolve(current);
    },
    onView: (show) => {
      listeners.push(show);
      return Promise.resolve();
    },
    refresh: (accountId) => {
      calls.push(["refresh", accountId]);
      const account = current.accounts.find(({ id }) => id === accountId);
      if (account === undefined) return Promise.reject("There is no such account.");
      const { allowed, reason } = account.refresh;
      const message = allowed ? "Anthropic is asked for a new reading." : reason;
      return Promise.resolve({ done: allowed, message });
    },
    changeSettings: (change) => {
      calls.push(["change_settings", change]);
      if (scenario === "refused") {
        return Promise.resolve({ done: false, message: "The settings file cannot be written." });
      }
      emit({ ...current, settings: changed(current.settings, change) });
      return Promise.resolve(DONE);
    },
    signIn: (accountId) => {
      calls.push(["sign_in", accountId]);
      if (scenario === "refused") return Promise.reject("No terminal was found on this computer.");
      if (scenario === "no_claude") {
        const message = "Claude Code was not found on this computer.";
        return Promise.resolve({ done: false, message });
      }
      emit({ ...current, accounts: OPENED.accounts });
      return Promise.resolve(DONE);
    },
    openSettings: () => {
      calls.push(["open_settings"]);
      if (scenario === "refused") return Promise.reject("The settings window did not open.");
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

function changed(settings: SettingsView, change: Partial<SettingsChange>): SettingsView {
  const wishes = Object.entries(change).filter(([, value]) => value !== null);
  return { ...settings, ...Object.fromEntries(wishes) };
}
