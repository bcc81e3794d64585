import type { Counts } from "../../delivery/counters.js";
import type { EntityStatus } from "../mirrors/entity-status.js";
import type { StatusOptions } from "./options.js";
import type { Overview } from "./overview.js";
import { type ListedEntity, progressOf } from "./progress.js";
import { type Limited, limitEntities, newestFirst, selectEntities } from "./selection.js";
import { type Summary, summaryOf } from "./summary.js";

/** The selected entities of one mirror, newest first. */
export interface MirrorStatus {
  readonly root: string;
  /** The total of the whole mirror. */
  readonly total: Counts;
  readonly experiments: readonly ListedEntity[];
  readonly runs: readonly ListedEntity[];
  /** Entities that another client wrote, without a sync log. */
  readonly foreign: readonly ListedEntity[];
  /** Folders to which nothing was ever written. */
  readonly empty: readonly EntityStatus[];
  /** A note if experiments belong to another project than EVSYS_PROJECT_ID; else null. */
  readonly note: string | null;
  /** The summary of all selected entities, regardless of the limit. */
  readonly summary: Summary;
}

/** The result of `evsys-sdk status`, as --json prints it. */
export interface StatusReport {
  readonly mirrors: readonly MirrorStatus[];
  /** The number of selected runs and childless experiments beyond the limit. */
  readonly more: Limited["more"];
  readonly total: Counts;
  /** The command that sends pending writes; null if there are none. */
  readonly next: string | null;
  /** The command that sends rejected writes again; null if there are none. */
  readonly retry: string | null;
}

/** Reads the status of the selected entities. No rows of others are read. */
export function statusOf(overview: Overview, options: StatusOptions, hasCurves: boolean): StatusReport {
  const selection = selectEntities(overview.mirrors, options);
  const shown = limitEntities(selection, options.isSummary ? 0 : options.limit);
  const newest = [...shown.mirrors.flatMap(({ runs }) => runs)].sort(newestFirst).slice(0, options.curves);
  const withCurves = new Set(hasCurves ? newest : []);
  const listed = (entity: EntityStatus): ListedEntity => {
    return { ...entity, progress: entity.kind === "run" ? progressOf(entity, withCurves.has(entity)) : null };
  };
  const isNarrowed = options.isFailedOnly || options.wanted.runs.length + options.wanted.experiments.length > 0;
  return {
    mirrors: overview.mirrors.map(({ root, total, empty, note }, at): MirrorStatus => {
      const { experiments, runs } = shown.mirrors[at] ?? { experiments: [], runs: [] };
      const [ownExperiments, ownRuns] = [experiments, runs].map((all) => all.filter(({ isForeign }) => !isForeign));
      return {
        root,
        total,
        experiments: (ownExperiments ?? []).map(listed),
        runs: (ownRuns ?? []).map(listed),
        foreign: [...experiments, ...runs].filter(({ isForeign }) => isForeign).map(listed),
        empty: isNarrowed ? [] : empty,
        note,
        summary: summaryOf(selection[at] ?? { root, experiments: [], runs: [] }),
      };
    }),
    more: shown.more,
    total: overview.total,
    next: overview.next,
    retry: overview.retry,
  };
}
