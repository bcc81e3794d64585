import { variables } from "../../config/environment.js";
import type { Counts } from "../../delivery/counters.js";
import { syncCommandLine } from "../../delivery/exit-notice.js";
import { noteOnProjects } from "../../delivery/other-projects.js";
import { entityCountsIn, sumOf } from "../mirrors/entity-counts.js";
import { type EntityStatus, entityStatus, projectOf } from "../mirrors/entity-status.js";
import { ParkedReasons } from "../mirrors/parked-reasons.js";
import { type Entities, newestFirst } from "./selection.js";

/** The experiments and runs of one mirror. */
export interface MirrorOverview extends Entities {
  readonly total: Counts;
  /** Folders to which nothing was ever written. */
  readonly empty: readonly EntityStatus[];
  /** A note if experiments belong to another project than EVSYS_PROJECT_ID; else null. */
  readonly note: string | null;
}

/** The mirrors of one campaign. Only rows that block others are read. */
export interface Overview {
  readonly mirrors: readonly MirrorOverview[];
  readonly total: Counts;
  /** The command that sends pending writes; null if there are none. */
  readonly next: string | null;
  /** The command that sends rejected writes again; null if there are none. */
  readonly retry: string | null;
}

/** Inspects the experiments and runs of mirrors. */
export function overviewOf(roots: readonly string[]): Overview {
  const countsByRoot = roots.map(entityCountsIn);
  const parkedReasons = new ParkedReasons(countsByRoot.flat());
  const mirrors = roots.map((root, at): MirrorOverview => {
    const found = countsByRoot[at] ?? [];
    const entities = found.map((counts) => entityStatus(counts, parkedReasons.of(counts))).sort(newestFirst);
    const projects = found.map((counts) => projectOf(counts.found));
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
  const again = syncCommandLine(...roots);
  return {
    mirrors,
    total,
    next: total.pending > 0 ? again : null,
    retry: total.rejected > 0 ? `${again} --retry-rejected` : null,
  };
}
