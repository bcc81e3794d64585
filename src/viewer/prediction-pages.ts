import { join } from "node:path";
import { readPiece } from "../store/file-piece.js";
import { segmentName } from "../store/paths.js";
import { parseRow, type Row, slotsOf } from "../store/rows.js";
import type { PredictionPage } from "./api-types.js";
import { jsonSafeFields } from "./json-safe.js";

const PIECE_BYTES = 256 * 1024;
/** How long one request may search; the browser requests the rest. */
const MAX_WAIT_MS = 150;
const NEWLINE = 0x0a;

/**
 * A page of a run's predictions that contain a text. `from` is the `next` of the previous page, or "" for the first page.
 * A page may have fewer rows than requested even if `next` is not null.
 */
export function predictionPage(folder: string, query: string, from: string, most: number): PredictionPage {
  const slots = slotsOf(folder, "predictions");
  const [firstSlot = slots[0] ?? 1, start = 0] = from === "" ? [] : from.split(".").map(Number);
  const deadline = performance.now() + MAX_WAIT_MS;
  const text = query.toLowerCase();
  const rows: Readonly<Record<string, unknown>>[] = [];
  for (const [index, slot] of slots.entries()) {
    if (slot < firstSlot) continue;
    const path = join(folder, segmentName("predictions", slot));
    for (const { line, end, size } of linesFrom(path, slot === firstSlot ? start : 0)) {
      const row = parseRow(line);
      if (row !== undefined && (text === "" || textOf(row).includes(text))) rows.push(jsonSafeFields(row));
      if (rows.length < most && performance.now() < deadline) continue;
      const isLast = end >= size && index === slots.length - 1;
      return { rows, next: isLast ? null : `${slot}.${end}`, position: (index + end / size) / slots.length };
    }
  }
  return { rows, next: null, position: 1 };
}

function* linesFrom(path: string, start: number): Generator<{ line: string; end: number; size: number }> {
  let lengthBytes = PIECE_BYTES;
  for (let position = start; ; ) {
    const { bytes, size } = readPiece(path, position, lengthBytes);
    let from = 0;
    for (let to = bytes.indexOf(NEWLINE); to !== -1; to = bytes.indexOf(NEWLINE, from)) {
      yield { line: bytes.toString("utf8", from, to), end: position + to + 1, size };
      from = to + 1;
    }
    const isEnd = position + bytes.length >= size;
    if (isEnd && from < bytes.length) yield { line: bytes.toString("utf8", from), end: size, size };
    if (isEnd) return;
    if (from === 0) lengthBytes *= 2;
    position += from;
  }
}

function textOf(row: Row): string {
  return Object.values(row)
    .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
    .join("\n")
    .toLowerCase();
}
