import Settings from "./settings/Settings.svelte";
import { start } from "./start";

void start(Settings);
