import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { StreamName } from "../api/routes.js";
import { namesIn, unlessMissing, wrapFsError } from "../store/files.js";
import { segmentName } from "../store/paths.js";
import { segmentsAmong } from "../store/rows.js";

/** The file of a segment when it was listed. */
export interface SegmentFile {
  readonly stream: StreamName;
  /** Its writer slot. */
  readonly slot: number;
  readonly path: string;
  readonly sizeBytes: number;
  /** In milliseconds since the epoch. */
  readonly changedAt: number;
}

/** The segment files of all streams in an entity's folder. Files deleted in the meantime are left out. */
export function segmentFilesOf(folder: string, names: readonly string[] = namesIn(folder)): SegmentFile[] {
  return segmentsAmong(names).flatMap(({ stream, slot }): SegmentFile[] => {
    const path = join(folder, segmentName(stream, slot));
    const stats = wrapFsError("inspect the file", path, () => unlessMissing(undefined, () => lstatSync(path)));
    return stats === undefined ? [] : [{ stream, slot, path, sizeBytes: stats.size, changedAt: stats.mtimeMs }];
  });
}
