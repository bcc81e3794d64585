import { join } from "node:path";
import { decode } from "../api/lossless-json.js";
import { STREAMS, type StreamName } from "../api/routes.js";
import { isObject } from "../util/objects.js";
import { namesIn } from "./files.js";
import { type Line, linesOf } from "./line-reader.js";
import { segmentName, segmentOf } from "./paths.js";

/** A row of a stream, as a client wrote it. */
export type Row = Readonly<Record<string, unknown>>;

/** The writer slots that have a segment of a stream in a run's folder, in order. */
export function slotsOf(folder: string, stream: StreamName): number[] {
  // The names of the other streams' files need no parsing, which matters for thousands of folders.
  const names = namesIn(folder).filter((name) => name.startsWith(stream));
  return segmentsAmong(names).flatMap((segment) => (segment.stream === stream ? segment.slot : []));
}

/** The streams and the numbers of the writers that files of these names belong to: by stream, each in order. */
export function segmentsAmong(names: readonly string[]): { readonly stream: StreamName; readonly slot: number }[] {
  const found = names.flatMap((name) => segmentOf(name) ?? []);
  return found.sort((a, b) => STREAMS.indexOf(a.stream) - STREAMS.indexOf(b.stream) || a.slot - b.slot);
}

/**
 * The rows of a stream, segment by segment. A line that is not a JSON object, such as a torn line, is reported and
 * skipped.
 */
export function* readRows(folder: string, stream: StreamName, report: (message: string) => void): Generator<Row> {
  for (const slot of slotsOf(folder, stream)) {
    const path = join(folder, segmentName(stream, slot));
    let line = 0;
    for (const { bytes } of linesOf(path)) {
      line += 1;
      if (bytes.length === 0) continue;
      const row = parseRow(bytes.toString());
      if (row === undefined) report(`${path}:${line}: skipped a line that is not a complete JSON object`);
      else yield row;
    }
  }
}

/**
 * Whether a line counts as a row, possibly a damaged one: only a last line without a newline can be torn, or still being
 * written.
 */
export function isRow({ isTerminated, bytes }: Line): boolean {
  return isTerminated || parseRow(bytes.toString()) !== undefined;
}

/** Parses a line; undefined if it is not a JSON object. */
export function parseRow(text: string): Row | undefined {
  try {
    const row = decode(text);
    return isObject(row) ? row : undefined;
  } catch {
    return undefined;
  }
}
