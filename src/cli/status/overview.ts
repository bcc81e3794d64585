import { variables } from "../../config.js";
import type { Counts } from "../../delivery/counters.js";
import { syncCommand } from "../../delivery/exit-notice.js";
import { noteOnProjects } from "../../delivery/other-projects.js";
import { standingsIn, sumOf } from "../mirrors/entity-counts.js";
import { type EntityStatus, entityStatus, projectOf } from "../mirrors/entity-status.js";
import { Obstacles } from "../mirrors/parked.js";
import { type Entities, newestFirst } from "./selection.js";

/** What lies in one mirror. */
export interface MirrorOverview extends Entities {
  readonly total: Counts;
  /** Folders that nothing was ever written to. */
  readonly empty: readonly EntityStatus[];
  /** What to know before a sync: that experiments belong to another project than EVSYS_PROJECT_ID names; else null. */
  readonly note: string | null;
}

/** What lies in the mirrors of one campaign. Of rows, only those are read that stand in the way of others. */
export interface Overview {
  readonly mirrors: readonly MirrorOverview[];
  readonly total: Counts;
  /** The command that sends what is pending; null where nothing is. */
  readonly next: string | null;
  /** The command that sends again what was rejected; null where nothing was. */
  readonly retry: string | null;
}

/** Looks at the experiments and runs of mirrors. */
export function overviewOf(roots: readonly string[]): Overview {
  const standings = roots.map(standingsIn);
  const obstacles = new Obstacles(standings.flat());
  const mirrors = roots.map((root, at): MirrorOverview => {
    const found = standings[at] ?? [];
    const entities = found.map((standing) => entityStatus(standing, obstacles.of(standing))).sort(newestFirst);
    const projects = found.map((standing) => projectOf(standing.found));
    return {
      root,
      total: sumOf(entities.map(({ total }) => total)),
      experiments: entities.filter(({ kind, isEmpty }) => kind === "experiment" && !isEmpty),
      runs: entities.filter(({ kind, isEmpty }) => kind === "run" && !isEmpty),
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
