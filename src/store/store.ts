import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { CheckpointCreate, EvalCreate, Prediction, StepMetric } from "../../generated/types.js";
import { isSafeId } from "../api/ids.js";
import type { StreamName } from "../api/routes.js";
import { EvsysValidationError, MirrorError } from "../errors.js";
import { isLogger, type Logger, levelled, safeLogger } from "../logger.js";
import { nearest } from "../util/did-you-mean.js";
import { folderPath } from "../util/folder-path.js";
import { issueAt, shown } from "../util/validation.js";
import { type MirrorDocument, readDocument } from "./document.js";
import { foldersIn } from "./files.js";
import { type DiskPolicy, makeFolderKnown, NO_FSYNC } from "./fsync.js";
import { refuseLinks } from "./links.js";
import { documentPath, entityFolder, type FolderKind, folderOf, refuseUnsafeId } from "./paths.js";
import { readRows } from "./rows.js";

const SUBJECT = "LocalExperimentStore";

/** A row of `evals.jsonl`. */
export type EvalRow = EvalCreate & {
  /** Made here; the backend may have its own. */
  readonly id: string;
};
/** A row of `checkpoints.jsonl`. */
export type CheckpointRow = CheckpointCreate & {
  /** Made here; the backend may have its own. */
  readonly id: string;
};

/**
 * The mirror: the local folder with every write, in the layout of the Python client.
 *
 * Documents (`experiments/{id}/experiment.json`, `generations/{run id}/generation.json`) are whole JSON files; rows
 * (`metrics.jsonl`, `evals.jsonl`, `checkpoints.jsonl`, `predictions.jsonl` beside a run's document) are appended.
 */
export class LocalExperimentStore {
  /** The folder, as an absolute path. */
  readonly root: string;
  readonly #logger: Logger;

  /**
   * `root`: the folder of the mirror, as a path or a file URL; `~` stands for the home folder. `logger`: takes warnings
   * about files that cannot be read. Default: stderr.
   * @throws EvsysValidationError for an invalid argument.
   */
  constructor(root: string, logger: Logger = levelled("WARNING")) {
    if (typeof root !== "string") throw refusal("root", `expected the path of a folder, got ${shown(root)}`);
    if (!isLogger(logger)) {
      throw refusal("logger", `expected an object with debug, info, warn and error, got ${shown(logger)}`);
    }
    this.root = resolve(folderPath(SUBJECT, ["root"], root));
    this.#logger = safeLogger(logger);
  }

  /** All experiments, oldest first. A document that cannot be read is named in a warning and left out. */
  experiments(): MirrorDocument[] {
    return this.#documents("experiment");
  }

  /**
   * One experiment (`experiment.json`), or undefined where the mirror has none of that id.
   * @throws MirrorError where the document cannot be read, EvsysValidationError where the id could leave the mirror.
   */
  experiment(id: string): MirrorDocument | undefined {
    return this.#document("experiment", id);
  }

  /** All runs, oldest first. A document that cannot be read is named in a warning and left out. */
  runs(): MirrorDocument[] {
    return this.#documents("run");
  }

  /**
   * One run (`generation.json`), or undefined where the mirror has none of that id.
   * @throws MirrorError where the document cannot be read, EvsysValidationError where the id could leave the mirror.
   */
  run(id: string): MirrorDocument | undefined {
    return this.#document("run", id);
  }

  /**
   * The rows of a run's `metrics.jsonl`, in the order they were written. NaN and the infinities are numbers.
   * @throws EvsysValidationError for an invalid id, and at the first iteration if the mirror has no such run.
   */
  metrics(runId: string): AsyncIterable<StepMetric> {
    refuseUnsafeId("metrics", "run_id", runId);
    return this.#rows<StepMetric>(runId, "metrics");
  }

  /** The rows of a run's `evals.jsonl`, in the order they were written. Throws as `metrics` does. */
  evals(runId: string): AsyncIterable<EvalRow> {
    refuseUnsafeId("evals", "run_id", runId);
    return this.#rows<EvalRow>(runId, "evals");
  }

  /** The rows of a run's `checkpoints.jsonl`, in the order they were written. Throws as `metrics` does. */
  checkpoints(runId: string): AsyncIterable<CheckpointRow> {
    refuseUnsafeId("checkpoints", "run_id", runId);
    return this.#rows<CheckpointRow>(runId, "checkpoints");
  }

  /** The rows of a run's `predictions.jsonl`, in the order they were written. Throws as `metrics` does. */
  predictions(runId: string): AsyncIterable<Prediction> {
    refuseUnsafeId("predictions", "run_id", runId);
    return this.#rows<Prediction>(runId, "predictions");
  }

  /** @internal Makes sure that an entity of a kind could be written, before anything is sent for it. */
  prepare(kind: FolderKind, policy: DiskPolicy = NO_FSYNC): void {
    refuseLinks(folderOf(this.root, kind));
    makeFolderKnown(folderOf(this.root, kind), policy);
  }

  /** @internal The ids of all entities of a kind: the folders that can be entities. */
  ids(kind: FolderKind): string[] {
    refuseLinks(folderOf(this.root, kind));
    return foldersIn(folderOf(this.root, kind)).filter(isSafeId);
  }

  async *#rows<Row>(runId: string, stream: StreamName): AsyncGenerator<Row> {
    const folder = entityFolder(this.root, "run", runId);
    refuseLinks(folderOf(this.root, "run"), folder);
    if (!existsSync(folder)) throw this.#unknownRun(runId, stream);
    for (const row of readRows(folder, stream, (line) => this.#logger.warn(line))) {
      // The file is what clients wrote of this type; another client's rows are not checked on the way out.
      yield row as Row;
    }
  }

  #unknownRun(runId: string, stream: StreamName): EvsysValidationError {
    const meant = nearest(runId, this.ids("run"));
    const hint = meant === undefined ? "" : `; did you mean ${shown(meant)}?`;
    const message = `the mirror ${this.root} has no run ${shown(runId)}${hint}`;
    return new EvsysValidationError(stream, [issueAt(["run_id"], message)]);
  }

  #document(kind: FolderKind, id: string): MirrorDocument | undefined {
    refuseUnsafeId(kind, `${kind}_id`, id);
    refuseLinks(folderOf(this.root, kind), entityFolder(this.root, kind, id));
    return readDocument(documentPath(this.root, kind, id));
  }

  #documents(kind: FolderKind): MirrorDocument[] {
    const documents = this.ids(kind).flatMap((id) => {
      try {
        return this.#document(kind, id) ?? [];
      } catch (error) {
        if (!(error instanceof MirrorError)) throw error;
        this.#logger.warn(error.message);
        return [];
      }
    });
    return documents.sort((a, b) => a._created_at - b._created_at);
  }
}

function refusal(field: string, message: string): EvsysValidationError {
  return new EvsysValidationError(SUBJECT, [issueAt([field], message)]);
}
