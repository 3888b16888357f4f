import { checkEveryScenario } from "../support/checks";
import { useBrowser } from "../support/pages";

useBrowser();
checkEveryScenario("settings", [300, 360, 420, 560, 900], [{ width: 420, height: 360 }]);
