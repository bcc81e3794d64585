import { stringify } from "csv-stringify/sync";
import { encode } from "../../api/lossless-json.js";
import type { ExportRecord } from "./records.js";

const BATCH_RECORDS = 1_000;

/** CSV with a header line, in pieces. */
export function* csvText(columns: readonly string[], records: Iterable<ExportRecord>): Generator<string> {
  yield stringify([columns]);
  for (const batch of batches(records)) {
    yield stringify(batch.map((record) => columns.map((column) => cell(ownField(record, column)))));
  }
}

/** JSON Lines, in pieces. Non-finite numbers are the strings "NaN", "Infinity" and "-Infinity". */
export function* jsonLinesText(records: Iterable<ExportRecord>): Generator<string> {
  for (const batch of batches(records)) yield batch.map((record) => `${encode(record)}\n`).join("");
}

/** pandas and DuckDB read NaN, inf and -inf as numbers. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (value === Number.POSITIVE_INFINITY) return "inf";
  if (value === Number.NEGATIVE_INFINITY) return "-inf";
  return typeof value === "object" ? encode(value) : String(value);
}

function ownField(record: ExportRecord, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function* batches(records: Iterable<ExportRecord>): Generator<ExportRecord[]> {
  let batch: ExportRecord[] = [];
  for (const record of records) {
    batch.push(record);
    if (batch.length < BATCH_RECORDS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
