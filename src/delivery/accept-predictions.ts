import { setImmediate as nextTurn } from "node:timers/promises";
import { zPrediction } from "../../generated/schemas.js";
import { toJsonValue } from "../api/json-value.js";
import { encode, mayHoldSpelling } from "../api/lossless-json.js";
import { EvsysValidationError, type ValidationIssue } from "../errors.js";
import { isObject } from "../util/objects.js";
import { preview } from "../util/preview.js";
import { messageOf } from "../util/thrown.js";
import { issueAt, issuesOf } from "../util/validation.js";
import { encoded, presentFields } from "./accept.js";
import { BatchBuilder, type RowBatch } from "./batches.js";
import { type NonFinite, wireForm } from "./wire-form.js";

const SUBJECT = "logPredictions";
/** A chunk ends after this many rows or characters; then the event loop gets a turn. */
const CHUNK_ROWS = 1_000;
const CHUNK_CHARACTERS = 512 * 1024;
/** An error that names every one of a million invalid rows helps nobody. */
const MAX_INVALID_ROWS = 20;

/** The predictions of one call. */
export interface AcceptedPredictions {
  /** The JSON text of each prediction, as the mirror stores it, in the batches that they are sent in. */
  readonly batches: readonly RowBatch[];
  /** The fields with values that are not sent, each with its first value and how often it occurs. */
  readonly nonFinite: readonly NonFinite[];
}

/**
 * Validates predictions and encodes them to lines, in chunks: synchronously for a call of one chunk, with a turn of the
 * event loop after each chunk otherwise. Each prediction is copied before it is validated; nothing is accepted unless all
 * are valid.
 * @throws EvsysValidationError naming each invalid field, such as `predictions[3].model_output`.
 */
export function acceptPredictions(given: unknown): AcceptedPredictions | Promise<AcceptedPredictions> {
  const reader = new PredictionReader(given);
  reader.takeChunk();
  return reader.isDone ? reader.accepted() : inChunks(reader);
}

async function inChunks(reader: PredictionReader): Promise<AcceptedPredictions> {
  while (!reader.isDone) {
    await nextTurn();
    reader.takeChunk();
  }
  return reader.accepted();
}

class PredictionReader {
  readonly #rows: readonly unknown[];
  readonly #batches = new BatchBuilder();
  readonly #issues: ValidationIssue[] = [];
  readonly #nonFinite = new Map<string, NonFinite>();
  #next = 0;
  #invalidRows = 0;

  constructor(given: unknown) {
    this.#rows = rowsOf(given);
  }

  get isDone(): boolean {
    return this.#next === this.#rows.length || this.#invalidRows >= MAX_INVALID_ROWS;
  }

  takeChunk(): void {
    const end = this.#next + CHUNK_ROWS;
    for (let characters = 0; !this.isDone && this.#next < end && characters < CHUNK_CHARACTERS; this.#next += 1) {
      characters += this.#take(this.#rows[this.#next], this.#next);
    }
  }

  accepted(): AcceptedPredictions {
    if (this.#issues.length > 0) throw new EvsysValidationError(SUBJECT, this.#issues);
    return { batches: this.#batches.finish(), nonFinite: [...this.#nonFinite.values()] };
  }

  /** Returns the length of the row's line; 0 for an invalid row. */
  #take(given: unknown, index: number): number {
    const at = ["predictions", index];
    const data = toJsonValue(SUBJECT, given, at) ?? null;
    if (!isObject(data)) return this.#reject([issueAt(at, `expected an object, got ${preview(data)}`)]);
    const row = presentFields(data);
    const line = encoded(SUBJECT, () => encode(row));
    const wire = mayHoldSpelling(line) ? this.#wireFormOf(row) : row;
    const issues = issuesOf(zPrediction, wire, row, at);
    if (issues.length > 0) return this.#reject(issues);
    this.#batches.add(line);
    return line.length;
  }

  #reject(issues: readonly ValidationIssue[]): number {
    this.#issues.push(...issues);
    this.#invalidRows += 1;
    return 0;
  }

  #wireFormOf(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const { wire, nonFinite } = wireForm(SUBJECT, row);
    for (const { field, value } of nonFinite) {
      const { count = 0, ...first } = this.#nonFinite.get(field) ?? { field: `predictions.${field}`, value };
      this.#nonFinite.set(field, { ...first, count: count + 1 });
    }
    return wire;
  }
}

/** A copy of the array, which the caller may change while the chunks are read. */
function rowsOf(given: unknown): readonly unknown[] {
  let message = "required, an array is missing";
  try {
    if (Array.isArray(given)) return Array.prototype.slice.call(given);
    if (given !== undefined) message = `expected an array, got ${preview(given)}`;
  } catch (thrown) {
    message = `cannot be read: ${messageOf(thrown)}`;
  }
  throw new EvsysValidationError(SUBJECT, [issueAt(["predictions"], message)]);
}
