import { checkEveryScenario } from "../support/checks";
import { useBrowser } from "../support/pages";

useBrowser();
checkEveryScenario("panel", [300, 360, 420]);
