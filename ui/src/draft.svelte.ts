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
    const problem = await problemOf(this.#save(value));
    if (mine !== this.#latest) return;
    this.error = problem;
    this.#wish = null;
  }
}

/** A setting that is typed: what was typed stands until it is stored or given up, refused or not. */
export class TextDraft {
  /** Why what stands there was refused, in words. */
  error = $state<string | null>(null);

  readonly #stored: () => string;
  readonly #save: (text: string) => Promise<Answer>;
  #typed = $state<string | null>(null);
  #underWay: string | null = null;

  /** `save` resolves when `stored` gives the new text, or with why it does not. */
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

  giveUp(): void {
    this.#typed = null;
    this.error = null;
  }

  /** The field is left: what was refused is not tried again by that. */
  async leave(): Promise<void> {
    if (this.error === null) await this.commit();
  }

  async commit(): Promise<void> {
    const text = this.#typed;
    if (text === null || text === this.#underWay) return;
    this.#underWay = text;
    const problem = await problemOf(this.#save(text));
    if (this.#underWay === text) this.#underWay = null;
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
