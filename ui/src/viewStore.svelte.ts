import { errorText, type Backend } from "./backend";
import type { View } from "./bindings/View";
import { programTime } from "./clock";

const TICK_MS = 1000;

/** The newest view, and the program's current time. */
export class ViewStore {
  view = $state.raw<View | null>(null);
  /** Why there is no view, as a sentence. */
  failure = $state<string | null>(null);
  /** The program's time in epoch milliseconds. */
  now = $state(0);

  readonly #backend: Backend;
  #isListening = false;
  #receivedAt = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
    const first = backend.firstView();
    if (first !== null) this.#show(first);
  }

  /** Connects, and updates the time while the page is visible. */
  run(): void {
    void this.connect();
    const tick = (): void => {
      if (!document.hidden) this.#tick();
    };
    setInterval(tick, TICK_MS);
    document.addEventListener("visibilitychange", tick);
  }

  async connect(): Promise<void> {
    this.failure = null;
    try {
      // Listens before it loads, so that no change in between is missed.
      if (!this.#isListening) await this.#backend.onView((view) => this.#show(view));
      this.#isListening = true;
      await this.reload();
    } catch (error) {
      this.failure = errorText(error);
    }
  }

  /** Loads the view. Ignores it if an event has brought a newer one meanwhile. */
  async reload(): Promise<void> {
    const view = await this.#backend.view();
    if (this.view === null || view.clock.now_ms >= this.view.clock.now_ms) this.#show(view);
  }

  #show(view: View): void {
    this.view = view;
    this.failure = null;
    this.#receivedAt = performance.now();
    this.#tick();
  }

  #tick(): void {
    if (this.view === null) return;
    this.now = programTime(this.view.clock, performance.now() - this.#receivedAt);
  }
}
