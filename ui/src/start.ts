import { mount, type Component } from "svelte";
import { openBackend, type Backend } from "./backend";
import { Live } from "./live.svelte";
import "./styles/tokens.css";
import "./styles/base.css";

export interface PageProps {
  backend: Backend;
  live: Live;
}

export async function start(page: Component<PageProps>): Promise<void> {
  const target = document.getElementById("app");
  if (target === null) throw new Error("The page has no #app.");
  const backend = await openBackend();
  const live = new Live(backend);
  mount(page, { target, props: { backend, live } });
  live.run();
}
