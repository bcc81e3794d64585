import { writeFileSync } from "node:fs";
import { wrapFsError } from "../../store/files.js";
import { runsIn } from "../../store/run-catalog.js";
import { selfContainedPage } from "../../viewer/page.js";
import { snapshotOf } from "../../viewer/snapshot.js";
import { noteOtherProjects } from "../mirrors/other-projects.js";
import { selectedRuns, wantedIds } from "../mirrors/run-selection.js";
import type { ParsedArguments } from "../terminal/arguments.js";
import type { Output } from "../terminal/output.js";
import { deliveryOf } from "./delivery-state.js";

/** Writes the viewer and the data of the selected runs to one HTML file. */
export async function writeHtml(
  path: string,
  roots: readonly string[],
  given: ParsedArguments,
  notes: Output,
): Promise<void> {
  const runs = selectedRuns(wantedIds(given), roots.flatMap(runsIn));
  noteOtherProjects(runs, notes);
  const keys = new Set(runs.map(({ root, id }) => `${roots.indexOf(root)}/${id}`));
  const snapshot = await snapshotOf(roots, deliveryOf, (key) => keys.has(key));
  if (snapshot.note !== "") notes.line(snapshot.note);
  wrapFsError("write the file", path, () => writeFileSync(path, selfContainedPage(snapshot)));
}
