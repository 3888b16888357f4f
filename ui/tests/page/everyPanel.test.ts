import { checkEveryScenario } from "../support/checks";
import { useBrowser } from "../support/pages";

useBrowser();
checkEveryScenario(
  "panel",
  [300, 360, 420],
  [
    { width: 360, height: 560 },
    { width: 300, height: 360 },
    { width: 300, height: 240 },
  ],
);
