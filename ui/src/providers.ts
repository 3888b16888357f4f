import type { ProviderView } from "./bindings/ProviderView";

/** The providers' names in a sentence: "A", "A and B". */
export function names(providers: ProviderView[], word: "and" | "or" = "and"): string {
  return providers.map((provider) => provider.name).join(` ${word} `);
}

/** The names of the programs that own sign-ins. */
export function owners(providers: ProviderView[], word: "and" | "or" = "and"): string {
  const owned = providers.filter((provider) => provider.pasted_key === null);
  return owned.map((provider) => provider.owner).join(` ${word} `);
}
