import Panel from "./panel/Panel.svelte";
import { start } from "./start";

void start(Panel);
