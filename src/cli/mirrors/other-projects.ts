import { variables } from "../../config/environment.js";
import { type CatalogRun, experimentsIn } from "../../store/run-catalog.js";
import type { Output } from "../terminal/output.js";
import { counted } from "../terminal/text.js";

/** Prints a note if runs belong to another project than EVSYS_PROJECT_ID. The mirror's own project takes precedence. */
export function noteOtherProjects(runs: readonly CatalogRun[], notes: Output): void {
  const { EVSYS_PROJECT_ID: expected } = variables();
  if (expected === undefined) return;
  const counts = new Map<string, number>();
  for (const root of new Set(runs.map((run) => run.root))) {
    const experiments = experimentsIn(root);
    for (const run of runs) {
      if (run.root !== root || run.experimentId === undefined) continue;
      const project = experiments.get(run.experimentId)?.project_id;
      if (typeof project === "string" && project !== expected) counts.set(project, (counts.get(project) ?? 0) + 1);
    }
  }
  for (const [project, count] of counts) {
    notes.line(
      `${counted(count, "run")} of project ${JSON.stringify(project)} included; EVSYS_PROJECT_ID is ${JSON.stringify(expected)}.`,
    );
  }
}
