import { inspectEntity, isEmpty, lastWriteOf } from "../journal/inspect.js";
import { localIdOf } from "../journal/known-as.js";
import { fieldsOf } from "../journal/sync-state.js";
import { hasRun } from "../store/run-catalog.js";
import { isObject } from "../util/objects.js";

/** The data of the earlier jobs of a resumed run in a mirror. */
export interface EarlierJobs {
  /** The id of the run in this mirror. */
  readonly runId: string;
  /** The folder of its rows. */
  readonly folder: string;
  /** Whether the mirror has anything of the run. */
  readonly isKnown: boolean;
  /** The run's experiment. It is known if the run began in this mirror: its steps, summary and duration are too. */
  readonly experimentId: string | undefined;
  /** Whether the experiment ends with the run. */
  readonly ownsExperiment: boolean;
  readonly status: unknown;
  readonly errorMessage: unknown;
  readonly summary: object;
  /** How long the earlier jobs took, in seconds. A job that was killed counts up to its last write. */
  readonly durationSeconds: number;
}

/**
 * Looks up a run in a mirror: by its id there, or by the backend's for one that was created offline.
 * @throws MirrorError if the mirror cannot be read.
 */
export function earlierJobsOf(root: string, givenId: string): EarlierJobs {
  const runId = hasRun(root, givenId) ? givenId : (localIdOf(root, "run", givenId) ?? givenId);
  const found = inspectEntity(root, "run", runId);
  const operations = [...(found.entity?.log.state.operations.values() ?? [])].sort((a, b) => a.at - b.at);
  // A killed process may have journaled a patch that is not in the document yet; a damaged document is rebuilt at the next write.
  const writtenAt = found.document?._updated_at ?? Number.NEGATIVE_INFINITY;
  const later = operations.filter(({ at }) => at > writtenAt).map(fieldsOf);
  const fields: Readonly<Record<string, unknown>> = Object.assign({}, found.document, ...later);
  const { experiment_id, status, error_message, summary, duration_seconds } = fields;
  const recorded = typeof duration_seconds === "number" && duration_seconds > 0 ? duration_seconds : 0;
  const startedAt = operations.findLast((one) => fieldsOf(one).status === "running")?.at ?? found.document?._created_at;
  const lastWriteAt = (lastWriteOf(found) ?? 0) / 1000;
  const wasKilled = status === "running" && startedAt !== undefined;
  return {
    runId,
    folder: found.path,
    isKnown: !isEmpty(found),
    experimentId: typeof experiment_id === "string" ? experiment_id : undefined,
    ownsExperiment: found.entity?.log.state.creation?.ownsExperiment === true,
    status,
    errorMessage: error_message,
    summary: isObject(summary) ? summary : {},
    durationSeconds: recorded + (wasKilled ? Math.max(0, lastWriteAt - startedAt) : 0),
  };
}

/** The data of a run whose mirror is not read. */
export function unreadJobs(runId: string): EarlierJobs {
  return {
    runId,
    folder: "",
    isKnown: true,
    experimentId: undefined,
    ownsExperiment: false,
    status: undefined,
    errorMessage: undefined,
    summary: {},
    durationSeconds: 0,
  };
}
