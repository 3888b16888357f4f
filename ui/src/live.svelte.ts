import { errorText, type Backend } from "./backend";
import type { View } from "./bindings/View";
import { programTime } from "./clock";

const TICK_MS = 1000;

/** The newest view, and the program's time counted on from it. */
export class Live {
  view = $state.raw<View | null>(null);
  /** Why there is no view, in words. */
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

  /** Connects, and ticks while the page is visible, for as long as there is a page. */
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
      // Listening comes first, so that no change between the two is missed.
      if (!this.#isListening) await this.#backend.onView((view) => this.#show(view));
      this.#isListening = true;
      await this.reload();
    } catch (error) {
      this.failure = errorText(error);
    }
  }

  /** Asks for the view, and drops the answer when an event was faster with a newer one. */
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
