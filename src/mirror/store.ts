import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import type { CheckpointCreate, EvalCreate, Prediction, StepMetric } from "../../generated/types.js";
import { MirrorError } from "../errors.js";
import type { Logger } from "../logger.js";
import type { StreamName } from "../operations.js";
import { type MirrorDocument, mergeDocument, readDocument } from "./document.js";
import { isMissing, makeFolder } from "./files.js";
import { encode } from "./lossless-json.js";
import { documentPath, type FolderKind, folderOf, isSafeId, refuseUnsafeId, streamPath } from "./paths.js";
import { readRows } from "./row-reader.js";
import { RowWriter } from "./row-writer.js";

const MOST_OPEN_FILES = 256;

/** A row of `evals.jsonl`. */
export type EvalRow = EvalCreate & { readonly id: string };
/** A row of `checkpoints.jsonl`. */
export type CheckpointRow = CheckpointCreate & { readonly id: string };

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
  readonly #writers = new Map<string, RowWriter>();

  constructor(root: string, logger: Logger) {
    this.root = resolve(root);
    this.#logger = logger;
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

  /** The rows of a run's `metrics.jsonl`, in the order they were written. NaN and the infinities come back as numbers. */
  metrics(runId: string): AsyncIterable<StepMetric> {
    return this.#rows<StepMetric>(runId, "metrics");
  }

  /** The rows of a run's `evals.jsonl`, in the order they were written. */
  evals(runId: string): AsyncIterable<EvalRow> {
    return this.#rows<EvalRow>(runId, "evals");
  }

  /** The rows of a run's `checkpoints.jsonl`, in the order they were written. */
  checkpoints(runId: string): AsyncIterable<CheckpointRow> {
    return this.#rows<CheckpointRow>(runId, "checkpoints");
  }

  /** The rows of a run's `predictions.jsonl`, in the order they were written. */
  predictions(runId: string): AsyncIterable<Prediction> {
    return this.#rows<Prediction>(runId, "predictions");
  }

  /** @internal Makes sure that an entity of a kind could be written, before anything is sent for it. */
  prepare(kind: FolderKind): void {
    makeFolder(folderOf(this.root, kind));
  }

  /** @internal Lays fields over a document, making it where there is none. */
  merge(kind: FolderKind, id: string, fields: Readonly<Record<string, unknown>>): MirrorDocument {
    return mergeDocument(documentPath(this.root, kind, id), id, fields);
  }

  /** @internal Appends rows to a stream of a run; resolves once they are on the file. */
  async append(runId: string, stream: StreamName, rows: readonly object[]): Promise<void> {
    const writer = this.#writer(streamPath(this.root, runId, stream));
    await Promise.all(rows.map((row) => writer.append(encode(row))));
  }

  /** @internal Gives back the open files. A later write opens them anew. */
  close(): void {
    for (const writer of this.#writers.values()) writer.close();
    this.#writers.clear();
  }

  #writer(path: string): RowWriter {
    const known = this.#writers.get(path);
    if (known !== undefined) return known;
    const [oldest] = this.#writers.keys();
    if (oldest !== undefined && this.#writers.size >= MOST_OPEN_FILES) this.#writers.get(oldest)?.close();
    if (oldest !== undefined && this.#writers.size >= MOST_OPEN_FILES) this.#writers.delete(oldest);
    const writer = new RowWriter(path);
    this.#writers.set(path, writer);
    return writer;
  }

  #rows<Row>(runId: string, stream: StreamName): AsyncIterable<Row> {
    refuseUnsafeId(stream, "run_id", runId);
    const rows: AsyncIterable<object> = readRows(streamPath(this.root, runId, stream), (line) =>
      this.#logger.warn(line),
    );
    // The file is what clients wrote of this type; another client's rows are not checked on the way out.
    return rows as AsyncIterable<Row>;
  }

  #document(kind: FolderKind, id: string): MirrorDocument | undefined {
    refuseUnsafeId(kind, `${kind}_id`, id);
    return readDocument(documentPath(this.root, kind, id));
  }

  #documents(kind: FolderKind): MirrorDocument[] {
    const documents = this.#ids(kind).flatMap((id) => {
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

  #ids(kind: FolderKind): string[] {
    const folder = folderOf(this.root, kind);
    try {
      return readdirSync(folder).filter(isSafeId);
    } catch (error) {
      if (isMissing(error)) return [];
      throw new MirrorError("Cannot list the folder", folder, error);
    }
  }
}
