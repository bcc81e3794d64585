import type { CatalogRun } from "../../store/run-catalog.js";
import { didYouMean } from "../../util/did-you-mean.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";

/**
 * The runs that --run and --experiment select; all of them without either option.
 * @throws UsageError for an id that no run or no experiment has, and for a run of another experiment.
 */
export function selectedRuns(given: ParsedArguments, runs: readonly CatalogRun[]): CatalogRun[] {
  const runIds = given.texts("run");
  const experimentIds = given.texts("experiment");
  const ids = runs.map(({ id }) => id);
  assertKnown("run", runIds, ids);
  assertKnown(
    "experiment",
    experimentIds,
    runs.flatMap(({ experimentId }) => experimentId ?? []),
  );
  const isMeant = ({ experimentId = "" }: CatalogRun): boolean =>
    experimentIds.length === 0 || experimentIds.includes(experimentId);
  const named = runs.filter(({ id }) => runIds.length === 0 || runIds.includes(id));
  const other = runIds.length === 0 ? undefined : named.find((run) => !isMeant(run));
  if (other === undefined) return named.filter(isMeant);
  throw new UsageError(
    `--run: ${other.id} belongs to experiment ${other.experimentId ?? "none"}, not to ${experimentIds.join(" or ")}.`,
  );
}

function assertKnown(option: "run" | "experiment", given: readonly string[], known: readonly string[]): void {
  const ids = new Set(known);
  const unknown = given.find((id) => !ids.has(id));
  if (unknown === undefined) return;
  const meant = didYouMean(unknown, [...ids]);
  const hint = meant === undefined ? "; evsys-sdk status lists the ids." : `; did you mean ${meant}?`;
  const what = option === "run" ? "no run has this id" : "no run belongs to this experiment";
  throw new UsageError(`--${option} ${JSON.stringify(unknown)}: ${what}${hint}`);
}
