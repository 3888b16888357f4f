import { errorText } from "./backend";
import type { Answer } from "./bindings/Answer";

/** A setting as its control shows it: the stored value, or the new one while it is being saved. */
export class PendingSetting<T> {
  /** Why the last change was not saved, as a sentence. */
  error = $state<string | null>(null);

  readonly #stored: () => T;
  readonly #save: (value: T) => Promise<Answer>;
  #pending = $state.raw<{ value: T } | null>(null);
  #latest = 0;

  /** `save` resolves once `stored` returns the new value, or with an error message. */
  constructor(stored: () => T, save: (value: T) => Promise<Answer>) {
    this.#stored = stored;
    this.#save = save;
  }

  get shown(): T {
    return this.#pending === null ? this.#stored() : this.#pending.value;
  }

  async set(value: T): Promise<void> {
    const mine = ++this.#latest;
    this.#pending = { value };
    this.error = null;
    const problem = await problemOf(this.#save(value));
    if (mine !== this.#latest) return;
    this.error = problem;
    this.#pending = null;
  }
}

/** A text setting. The typed text stays, even if it is refused, until it is saved or discarded. */
export class PendingText {
  /** Why the typed text was refused, as a sentence. */
  error = $state<string | null>(null);

  readonly #stored: () => string;
  readonly #save: (text: string) => Promise<Answer>;
  #typed = $state<string | null>(null);
  #saving: string | null = null;

  /** `save` resolves once `stored` returns the new text, or with an error message. */
  constructor(stored: () => string, save: (text: string) => Promise<Answer>) {
    this.#stored = stored;
    this.#save = save;
  }

  get shown(): string {
    return this.#typed ?? this.#stored();
  }

  type(text: string): void {
    this.#typed = text === this.#stored() ? null : text;
    this.error = null;
  }

  discard(): void {
    this.#typed = null;
    this.error = null;
  }

  /** On blur. Does not save a refused text again. */
  async blur(): Promise<void> {
    if (this.error === null) await this.commit();
  }

  async commit(): Promise<void> {
    const text = this.#typed;
    if (text === null || text === this.#saving) return;
    this.#saving = text;
    const problem = await problemOf(this.#save(text));
    if (this.#saving === text) this.#saving = null;
    if (this.#typed !== text) return;
    this.error = problem;
    if (problem === null) this.#typed = null;
  }
}

async function problemOf(saving: Promise<Answer>): Promise<string | null> {
  try {
    const answer = await saving;
    return answer.done ? null : (answer.message ?? "This could not be changed.");
  } catch (error) {
    return errorText(error);
  }
}
