import { errorText } from "./backend";
import type { Answer } from "./bindings/Answer";

/** One setting as its control shows it: the stored value, or the person's wish until it is answered. */
export class Draft<T> {
  /** Why the last wish was not granted, in words. */
  error = $state<string | null>(null);

  readonly #stored: () => T;
  readonly #save: (value: T) => Promise<Answer>;
  #wish = $state.raw<{ value: T } | null>(null);
  #latest = 0;

  /** `save` resolves when `stored` gives the new value, or with why it does not. */
  constructor(stored: () => T, save: (value: T) => Promise<Answer>) {
    this.#stored = stored;
    this.#save = save;
  }

  get shown(): T {
    return this.#wish === null ? this.#stored() : this.#wish.value;
  }

  async set(value: T): Promise<void> {
    const mine = ++this.#latest;
    this.#wish = { value };
    this.error = null;
    const problem = await this.#problemOf(value);
    if (mine !== this.#latest) return;
    this.error = problem;
    this.#wish = null;
  }

  async #problemOf(value: T): Promise<string | null> {
    try {
      const answer = await this.#save(value);
      return answer.done ? null : (answer.message ?? "This could not be changed.");
    } catch (error) {
      return errorText(error);
    }
  }
}
