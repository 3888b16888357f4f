import { mount, type Component } from "svelte";
import { openBackend, type Backend } from "./backend";
import { ViewStore } from "./viewStore.svelte";
import "./styles/tokens.css";
import "./styles/base.css";

export interface PageProps {
  backend: Backend;
  store: ViewStore;
}

export async function start(page: Component<PageProps>): Promise<void> {
  const target = document.getElementById("app");
  if (target === null) throw new Error("The page has no #app.");
  const backend = await openBackend();
  const store = new ViewStore(backend);
  mount(page, { target, props: { backend, store } });
  store.run();
}
