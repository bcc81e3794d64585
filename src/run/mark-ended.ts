import type { CallOptions } from "../api/call-options.js";
import { isGiven } from "../util/objects.js";
import { within } from "../util/within.js";
import type { RunContext } from "./context.js";
import type { Ending, Findings } from "./findings.js";
import type { RunCalls } from "./run-calls.js";

/** A run that accepts no more calls. */
interface EndedRun {
  readonly experimentId: string | undefined;
  readonly runId: string;
  readonly endsExperiment: boolean;
  readonly findings: Findings;
  readonly calls: RunCalls;
}

/**
 * Waits for the calls under way, then patches the run and its experiment, also if one of them is rejected.
 * @throws the first error.
 */
export async function markEnded(
  context: RunContext,
  run: EndedRun,
  ending: Ending,
  timeoutMs: number | undefined,
): Promise<void> {
  const { client, logger } = context;
  const { calls, findings } = run;
  const deadline = performance.now() + (timeoutMs ?? client.timeoutMs);
  const left = (): CallOptions | undefined =>
    timeoutMs === undefined ? undefined : { timeoutMs: Math.max(1, deadline - performance.now()) };
  if (calls.areUnderWay) await within(deadline - performance.now(), undefined, calls.settled());
  const { warning } = findings.best;
  if (ending.status === "completed" && warning !== undefined) logger.warn(warning);
  const failures: unknown[] = [];
  const note = (error: unknown): void => void failures.push(error);
  await client.updateRun(run.runId, findings.forRun(ending), left()).catch(note);
  await patchExperiment(context, run, ending, left()).catch(note);
  if (failures.length > 0) throw failures[0];
}

async function patchExperiment(
  { client }: RunContext,
  { experimentId, endsExperiment, findings }: EndedRun,
  ending: Ending,
  options: CallOptions | undefined,
): Promise<void> {
  if (experimentId === undefined) return;
  // No await between reading the best score and mirroring a better one: of two runs that end at once, one sees the other's.
  const patch = endsExperiment
    ? findings.forOwnExperiment(ending)
    : findings.forSharedExperiment(client.local.experiment(experimentId)?.best_score);
  if (Object.values(patch).some(isGiven)) await client.updateExperiment(experimentId, patch, options);
}
