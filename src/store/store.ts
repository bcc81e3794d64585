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
import { foldersIn, makeFolder } from "./files.js";
import { refuseLinks } from "./links.js";
import { documentPath, entityFolder, type FolderKind, folderOf, refuseUnsafeId } from "./paths.js";
import { type EvalReadOptions, type MetricReadOptions, type ReadOptions, validReadOptions } from "./read-options.js";
import { selectedRows } from "./row-selection.js";
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
   * The rows of a run's `metrics.jsonl`, in the order they were written, or those that `options` select. NaN and the
   * infinities are numbers. With `last`, one row for each step and split, with the last value of each series: the memory
   * that this takes grows with the number of steps. Otherwise rows are read one by one.
   * @throws EvsysValidationError for an invalid id or option, and at the first iteration if the mirror has no such run.
   */
  metrics(runId: string, options: MetricReadOptions = {}): AsyncIterable<StepMetric> {
    return this.#rows<StepMetric>(runId, "metrics", options);
  }

  /**
   * The rows of a run's `evals.jsonl`, in the order they were written, or those that `options` select. With `last`, one
   * row for each step, benchmark, checkpoint and model, and every row without a step. Throws as `metrics` does.
   */
  evals(runId: string, options: EvalReadOptions = {}): AsyncIterable<EvalRow> {
    return this.#rows<EvalRow>(runId, "evals", options);
  }

  /**
   * The rows of a run's `checkpoints.jsonl`, in the order they were written, or those that `options` select. With `last`,
   * one row for each step and label, and every row without a step. Throws as `metrics` does.
   */
  checkpoints(runId: string, options: ReadOptions = {}): AsyncIterable<CheckpointRow> {
    return this.#rows<CheckpointRow>(runId, "checkpoints", options);
  }

  /**
   * The rows of a run's `predictions.jsonl`, in the order they were written, or those that `options` select. With `last`,
   * one row for each step, kind, eval, task and sample, all of which are in memory at once, and every row without a
   * `task_id`. Throws as `metrics` does.
   */
  predictions(runId: string, options: ReadOptions = {}): AsyncIterable<Prediction> {
    return this.#rows<Prediction>(runId, "predictions", options);
  }

  /** @internal Makes sure that an entity of a kind could be written, before anything is sent for it. */
  prepare(kind: FolderKind): void {
    refuseLinks(folderOf(this.root, kind));
    makeFolder(folderOf(this.root, kind));
  }

  /** @internal The ids of all entities of a kind: the folders that can be entities. */
  ids(kind: FolderKind): string[] {
    refuseLinks(folderOf(this.root, kind));
    return foldersIn(folderOf(this.root, kind)).filter(isSafeId);
  }

  #rows<Row>(runId: string, stream: StreamName, options: MetricReadOptions): AsyncGenerator<Row> {
    refuseUnsafeId(stream, "run_id", runId);
    return this.#read<Row>(runId, stream, validReadOptions(stream, options));
  }

  async *#read<Row>(runId: string, stream: StreamName, options: MetricReadOptions): AsyncGenerator<Row> {
    const folder = entityFolder(this.root, "run", runId);
    refuseLinks(folderOf(this.root, "run"), folder);
    if (!existsSync(folder)) throw this.#unknownRun(runId, stream);
    const rows = readRows(folder, stream, (line) => this.#logger.warn(line));
    for (const row of selectedRows(stream, rows, options)) {
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
