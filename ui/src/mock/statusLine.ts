import type { StatusLineAnswer } from "../bindings/StatusLineAnswer";
import type { StatusLinePlan } from "../bindings/StatusLinePlan";
import type { StatusLineView } from "../bindings/StatusLineView";
import { ANSWERS } from "./scenarios";

const PLAN: Omit<StatusLinePlan, "path"> = {
  lines: [
    { kind: "removed", text: '  "statusLine": { "type": "command", "command": "my-line" },' },
    {
      kind: "added",
      text: '  "statusLine": { "type": "command", "command": "/usr/bin/holdoff statusline" },',
    },
  ],
  fingerprint: "f1",
};

/** Every settings file has a status line of the user's own. */
export class StatusLines {
  private readonly places: string[];
  private readonly installed = new Set<string>();

  constructor(places: string[]) {
    this.places = places;
  }

  all(): StatusLineView[] {
    return this.places.map((place) => this.one(place));
  }

  private one(place: string): StatusLineView {
    const installed = this.installed.has(place);
    const text = installed ? ANSWERS.status_line_holdoff : ANSWERS.status_line_own;
    return { place, text, install: !installed, remove: installed };
  }

  change(place: string, install: boolean, agreed: string | null): StatusLineAnswer {
    if (agreed === null) {
      const swapped = { removed: "added", added: "removed" } as const;
      const lines = install
        ? PLAN.lines
        : PLAN.lines.map(({ kind, text }) => ({ kind: swapped[kind], text }));
      return { plan: { ...PLAN, path: place, lines }, answer: { done: true, message: null } };
    }
    if (install) this.installed.add(place);
    else this.installed.delete(place);
    const message = install ? ANSWERS.status_line_installed : ANSWERS.status_line_removed;
    return { plan: null, answer: { done: true, message } };
  }
}
