import { writeFileSync } from "node:fs";
import { onFile } from "../../mirror/files.js";
import { runsIn } from "../../mirror/run-catalog.js";
import { selfContainedPage } from "../../viewer/page.js";
import { snapshotOf } from "../../viewer/snapshot.js";
import type { Given } from "../arguments.js";
import { noteOtherProjects } from "../other-projects.js";
import type { Output } from "../output.js";
import { selectedRuns } from "../run-selection.js";
import { deliveryOf } from "./delivery-state.js";

/** Writes the viewer with the data of the selected runs to one file. */
export async function writeHtml(path: string, roots: readonly string[], given: Given, notes: Output): Promise<void> {
  const runs = selectedRuns(given, roots.flatMap(runsIn));
  noteOtherProjects(runs, notes);
  const keys = new Set(runs.map(({ root, id }) => `${roots.indexOf(root)}/${id}`));
  const snapshot = await snapshotOf(roots, deliveryOf, (key) => keys.has(key));
  if (snapshot.note !== "") notes.line(snapshot.note);
  onFile("write the file", path, () => writeFileSync(path, selfContainedPage(snapshot)));
}
