import { type Line, LineReader } from "../store/line-reader.js";
import { isRow } from "../store/rows.js";
import type { SegmentFile } from "./entity-files.js";
import type { SyncState } from "./sync-state.js";

/** A torn line: a last line without its end, or one that is still being written. */
export interface TornLine {
  readonly path: string;
  /** Its position in the file, in bytes. */
  readonly start: number;
  readonly text: string;
}

/** Rows of one segment that no session wrote: they are foreign, or their ops log is lost. */
export interface UnclaimedRows extends SegmentFile {
  readonly rows: number;
  readonly tornLine: TornLine | undefined;
}

/** The unclaimed rows of an entity's segments; segments without any are left out. */
export function unclaimedRowsOf(segments: readonly SegmentFile[], state: SyncState): UnclaimedRows[] {
  return segments.flatMap((segment) => {
    let rows = 0;
    let tornLine: TornLine | undefined;
    for (const line of unclaimedLines(segment, state)) {
      if (isRow(line)) rows += 1;
      else tornLine = tornLineOf(segment, line);
    }
    return rows > 0 || tornLine !== undefined ? [{ ...segment, rows, tornLine }] : [];
  });
}

/** The lines of a segment that no session wrote; only these are read. A line's bytes are valid until the next is read. */
export function* unclaimedLines({ stream, slot, path, sizeBytes }: SegmentFile, state: SyncState): Generator<Line> {
  const starts = state.sessions.unclaimedStarts(slot, stream, sizeBytes);
  if (starts.length === 0) return;
  const reader = new LineReader(path);
  try {
    let read = 0;
    for (const start of starts) {
      for (let at = start; at >= read && state.sessions.at(slot, stream, at) === undefined; at = read) {
        const line = reader.lineAt(at);
        if (line === undefined) break;
        yield line;
        read = line.end;
      }
    }
  } finally {
    reader.close();
  }
}

export function tornLineOf({ path }: SegmentFile, { start, bytes }: Line): TornLine {
  return { path, start, text: bytes.toString() };
}

/** Whether the ops logs of a folder are lost: they contain no session and no write. */
export function hasLostOps({ sessions, operations }: SyncState): boolean {
  return sessions.byNonce.size === 0 && operations.size === 0;
}
