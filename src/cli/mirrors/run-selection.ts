import { didYouMean } from "../../util/did-you-mean.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";

/** A run that --run and --experiment can select. */
export interface SelectableRun {
  readonly id: string;
  readonly experimentId?: string | null | undefined;
}

/** The ids to select; an empty list selects all. */
export interface WantedIds {
  readonly runs: readonly string[];
  readonly experiments: readonly string[];
}

/** The values of --run and --experiment. */
export function wantedIds(given: ParsedArguments): WantedIds {
  return { runs: given.texts("run"), experiments: given.texts("experiment") };
}

/**
 * Selects runs by id and experiment. `experimentIds`: the known experiments, if the runs do not refer to all of them.
 * @throws UsageError for an unknown id, and for a run of another experiment.
 */
export function selectedRuns<Run extends SelectableRun>(
  { runs: runIds, experiments }: WantedIds,
  runs: readonly Run[],
  experimentIds: readonly string[] = [],
): Run[] {
  const ids = runs.map(({ id }) => id);
  assertKnown("run", runIds, ids);
  assertKnown("experiment", experiments, [...experimentIds, ...runs.flatMap(({ experimentId }) => experimentId ?? [])]);
  const isMeant = ({ experimentId }: Run): boolean =>
    experiments.length === 0 || experiments.includes(experimentId ?? "");
  const named = runs.filter(({ id }) => runIds.length === 0 || runIds.includes(id));
  const other = runIds.length === 0 ? undefined : named.find((run) => !isMeant(run));
  if (other === undefined) return named.filter(isMeant);
  throw new UsageError(
    `--run: ${other.id} belongs to experiment ${other.experimentId ?? "none"}, not to ${experiments.join(" or ")}.`,
  );
}

/** @throws UsageError for an unknown id. */
export function assertKnown(
  option: "run" | "experiment" | "compare",
  given: readonly string[],
  known: readonly string[],
): void {
  const ids = new Set(known);
  const unknown = given.find((id) => !ids.has(id));
  if (unknown === undefined) return;
  const near = didYouMean(unknown, [...ids]);
  const hint = near === undefined ? "; evsys-sdk status lists the ids." : `; did you mean ${near}?`;
  const what = option === "experiment" ? "no run belongs to this experiment" : "no run has this id";
  throw new UsageError(`--${option} ${JSON.stringify(unknown)}: ${what}${hint}`);
}
