import { prefersColour, variables } from "../../config.js";
import { syncCommand } from "../../delivery/exit-notice.js";
import { noteOnProjects } from "../../delivery/other-projects.js";
import { standingsIn, sumOf } from "../mirrors/entity-counts.js";
import { type EntityStatus, entityStatus, projectOf } from "../mirrors/entity-status.js";
import { mirrorRoots } from "../mirrors/folders.js";
import { Obstacles } from "../mirrors/parked.js";
import type { Given } from "../terminal/arguments.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output } from "../terminal/output.js";
import { type MirrorStatus, printStatus, type Status } from "./report.js";

/** `evsys-sdk status`. */
export async function run(given: Given): Promise<ExitCode> {
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const roots = mirrorRoots(given.dirs, new Output(process.stderr));
  const status = statusOf(roots);
  if (given.has("json")) output.json(status);
  else printStatus(output, status);
  return EXIT.DONE;
}

/** How mirrors of one campaign stand. */
function statusOf(roots: readonly string[]): Status {
  const standings = roots.flatMap(standingsIn);
  const obstacles = new Obstacles(standings);
  const mirrors = roots.map((root): MirrorStatus => {
    const entities = standings
      .filter(({ found }) => found.root === root)
      .map((standing) => entityStatus(standing, obstacles.of(standing)))
      .sort((a, b) => (a.createdAt ?? "").localeCompare(b.createdAt ?? "") || a.id.localeCompare(b.id));
    const of = (kind: EntityStatus["kind"]): EntityStatus[] =>
      entities.filter((one) => one.kind === kind && !one.isForeign && !one.isEmpty);
    const projects = standings.flatMap(({ found }) => (found.root === root ? [projectOf(found)] : []));
    return {
      root,
      total: sumOf(entities.map(({ total }) => total)),
      experiments: of("experiment"),
      runs: of("run"),
      foreign: entities.filter(({ isForeign }) => isForeign),
      empty: entities.filter(({ isEmpty }) => isEmpty),
      note: noteOnProjects(root, projects, variables().EVSYS_PROJECT_ID) ?? null,
    };
  });
  const total = sumOf(mirrors.map((mirror) => mirror.total));
  const again = syncCommand(...roots);
  return {
    mirrors,
    total,
    next: total.pending > 0 ? again : null,
    retry: total.rejected > 0 ? `${again} --retry-rejected` : null,
  };
}
