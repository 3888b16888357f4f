import type { UpdatesView } from "../bindings/UpdatesView";
import { ANSWERS } from "./scenarios";

export function withChoice(updates: UpdatesView, on: boolean | null | undefined): UpdatesView {
  if (on === null || on === undefined) return updates;
  return { ...updates, chosen: on, text: on ? ANSWERS.updates_on : ANSWERS.updates_off };
}

export function installing(updates: UpdatesView): UpdatesView {
  const { update } = updates;
  const progress = ANSWERS.downloading;
  return { ...updates, update: update && { ...update, busy: true, progress } };
}
