import type { UpdatesView } from "../bindings/UpdatesView";
import type { UpdateView } from "../bindings/UpdateView";

const UPDATE: UpdateView = {
  version: "0.2.0",
  date: "2026-09-12",
  notes: ["Added", "- A bar for each model.", "- The panel remembers where it was."],
  how: "Holdoff downloads it, checks its signature, replaces its own files and restarts.",
  can_install: true,
  busy: false,
  progress: null,
  failed: false,
  command: null,
};

/** What a build from the sources shows. */
export const NOT_POSSIBLE: UpdatesView = {
  possible: false,
  chosen: null,
  text: "This build of Holdoff does not look for newer versions: it was built without the address and the key of releases. Update it the way you installed it.",
  update: null,
};

export const QUESTION: UpdatesView = {
  possible: true,
  chosen: null,
  text: "Holdoff does not look for newer versions.",
  update: null,
};

export const OFFERED: UpdatesView = {
  possible: true,
  chosen: true,
  text: "Last checked at 11:04: version 0.2.0 is available. Next check at Tue 11:52.",
  update: UPDATE,
};

export const UPDATE_FAILED: UpdatesView = {
  ...OFFERED,
  update: {
    ...UPDATE,
    progress:
      "Not installed: the package is not the one that was signed. Nothing was changed. Do not install it by hand.",
    failed: true,
  },
};

export const TO_PASTE: UpdatesView = {
  ...OFFERED,
  update: {
    ...UPDATE,
    how: "Holdoff downloads it, checks its signature, and says how to install it.",
    progress:
      "The package is downloaded, and its signature is right. To install it, run this in a terminal:",
    command:
      "sudo rpm --upgrade --verbose /home/ann/.local/share/dev.holdoff.tray/updates/holdoff-0.2.0-1.x86_64.rpm",
  },
};

export const ONLY_ANNOUNCED: UpdatesView = {
  ...OFFERED,
  update: {
    ...UPDATE,
    how: "This copy was not installed from one of Holdoff's own packages. Update it the way you installed it.",
    can_install: false,
  },
};

export function withChoice(updates: UpdatesView, on: boolean | null | undefined): UpdatesView {
  if (on === null || on === undefined) return updates;
  const text = on ? "Not checked yet." : "Holdoff does not look for newer versions.";
  return { ...updates, chosen: on, text };
}

export function installing(updates: UpdatesView): UpdatesView {
  const { update } = updates;
  return { ...updates, update: update && { ...update, busy: true, progress: "Downloading…" } };
}
