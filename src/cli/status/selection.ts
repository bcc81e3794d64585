import type { EntityStatus } from "../mirrors/entity-status.js";
import { selectedRuns } from "../mirrors/run-selection.js";
import type { StatusOptions } from "./options.js";

/** The experiments and runs of one mirror, newest first. */
export interface Entities {
  readonly root: string;
  readonly experiments: readonly EntityStatus[];
  readonly runs: readonly EntityStatus[];
}

/** Whether a run belongs to an experiment, by its local or backend id. */
export function isExperimentOf({ experimentId }: EntityStatus, { id, backendId }: EntityStatus): boolean {
  return experimentId !== null && (experimentId === id || experimentId === backendId);
}

/**
 * Selects experiments and runs by --run, --experiment and --failed, which accept local and backend ids. An experiment is
 * selected with its runs, or if it has none.
 * @throws UsageError for an unknown id.
 */
export function selectEntities(
  mirrors: readonly Entities[],
  { wanted, isFailedOnly }: Pick<StatusOptions, "wanted" | "isFailedOnly">,
): Entities[] {
  const all = mirrors.flatMap(({ experiments, runs }) => [...experiments, ...runs]);
  const ids = new Map(all.flatMap(({ id, backendId }) => (backendId === null ? [] : [[backendId, id] as const])));
  const ownId = (id: string): string => ids.get(id) ?? id;
  const named = mirrors.flatMap(({ root, runs }) =>
    runs.map((run) => {
      const experimentId = run.experimentId === null ? null : ownId(run.experimentId);
      return { id: run.id, experimentId, root, run };
    }),
  );
  const runIds = wanted.runs.map(ownId);
  const experimentIds = wanted.experiments.map(ownId);
  const known = mirrors.flatMap(({ experiments }) => experiments.map(({ id }) => id));
  const chosen = selectedRuns({ runs: runIds, experiments: experimentIds }, named, known);
  const runs = new Set(chosen.flatMap(({ run }) => (isFailedOnly && run.state !== "failed" ? [] : run)));
  const parents = new Set(named.flatMap(({ experimentId }) => experimentId ?? []));
  const shownParents = new Set(named.flatMap(({ run, experimentId }) => (runs.has(run) ? (experimentId ?? []) : [])));
  const isAsked = ({ id, state }: EntityStatus): boolean =>
    (experimentIds.length === 0 || experimentIds.includes(id)) && (!isFailedOnly || state === "failed");
  return mirrors.map((mirror) => ({
    root: mirror.root,
    experiments: mirror.experiments.filter((experiment) => {
      const isChildless = !parents.has(experiment.id);
      return shownParents.has(experiment.id) || (runIds.length === 0 && isChildless && isAsked(experiment));
    }),
    runs: mirror.runs.filter((run) => runs.has(run)),
  }));
}

/** Entities up to a limit, and the number of omitted ones. */
export interface Limited {
  readonly mirrors: readonly Entities[];
  readonly more: { readonly runs: number; readonly experiments: number };
}

/** The newest runs and childless experiments of all mirrors together, with the experiments of these runs. */
export function limitEntities(mirrors: readonly Entities[], limit: number): Limited {
  const runs = mirrors.flatMap((mirror) => mirror.runs);
  const experiments = mirrors.flatMap((mirror) => mirror.experiments);
  const parents = new Set(runs.map(({ experimentId }) => experimentId));
  const childless = experiments.filter((experiment) => !isNamed(experiment, parents));
  const kept = new Set([...runs, ...childless].sort(newestFirst).slice(0, limit));
  const keptRuns = runs.filter((run) => kept.has(run));
  const keptParents = new Set(keptRuns.map(({ experimentId }) => experimentId));
  const moreRuns = runs.length - keptRuns.length;
  return {
    mirrors: mirrors.map((mirror) => ({
      root: mirror.root,
      experiments: mirror.experiments.filter((each) => kept.has(each) || isNamed(each, keptParents)),
      runs: mirror.runs.filter((run) => kept.has(run)),
    })),
    more: { runs: moreRuns, experiments: runs.length + childless.length - kept.size - moreRuns },
  };
}

function isNamed({ id, backendId }: EntityStatus, ids: ReadonlySet<string | null>): boolean {
  return ids.has(id) || (backendId !== null && ids.has(backendId));
}

/** Orders by creation time; entities without one come last. */
export function newestFirst(a: EntityStatus, b: EntityStatus): number {
  return (b.createdAt ?? "").localeCompare(a.createdAt ?? "") || a.id.localeCompare(b.id);
}
