import type { Counts } from "../../delivery/counters.js";
import type { EntityStatus } from "../mirrors/entity-status.js";
import type { StatusOptions } from "./options.js";
import type { Overview } from "./overview.js";
import { type ListedEntity, progressOf } from "./progress.js";
import { type Limited, limited, newestFirst, selected } from "./selection.js";
import { type Summary, summaryOf } from "./summary.js";

/** What of one mirror is shown, newest first. */
export interface MirrorStatus {
  readonly root: string;
  /** Of the whole mirror. */
  readonly total: Counts;
  readonly experiments: readonly ListedEntity[];
  readonly runs: readonly ListedEntity[];
  /** What another client wrote: there is no sync log beside it. */
  readonly foreign: readonly ListedEntity[];
  /** Folders that nothing was ever written to. */
  readonly empty: readonly EntityStatus[];
  /** What to know before a sync: that experiments belong to another project than EVSYS_PROJECT_ID names; else null. */
  readonly note: string | null;
  /** Of all that is selected, whatever the limit. */
  readonly summary: Summary;
}

/** What `evsys-sdk status` shows, and --json prints. */
export interface Status {
  readonly mirrors: readonly MirrorStatus[];
  /** How many more runs, and experiments without runs, are selected. */
  readonly more: Limited["more"];
  readonly total: Counts;
  /** The command that sends what is pending; null where nothing is. */
  readonly next: string | null;
  /** The command that sends again what was rejected; null where nothing was. */
  readonly retry: string | null;
}

/** Reads what is shown of mirrors: of the runs that are not, no row is read. */
export function statusOf(overview: Overview, options: StatusOptions, hasCurves: boolean): Status {
  const selection = selected(overview.mirrors, options);
  const shown = limited(selection, options.isSummary ? 0 : options.limit);
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
