import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { unlessMissing, wrapFsError } from "./files.js";
import { NO_FOLLOW } from "./links.js";

const NOTHING: FilePiece = { bytes: Buffer.alloc(0), size: 0, identity: "" };

/** A part of a file, with the file's identity. */
export interface FilePiece {
  readonly bytes: Buffer;
  /** The size of the whole file, in bytes. */
  readonly size: number;
  /** Changes when the file is replaced; empty if there is no file. */
  readonly identity: string;
}

/**
 * Reads a part of a file; `position` may depend on the size. The file is opened each time, because a kept descriptor would
 * continue to read a deleted file.
 */
export function readPiece(path: string, position: number | ((size: number) => number), lengthBytes: number): FilePiece {
  return wrapFsError("read the file", path, () => {
    const descriptor = unlessMissing(undefined, () => openSync(path, constants.O_RDONLY | NO_FOLLOW));
    if (descriptor === undefined) return NOTHING;
    try {
      const { size, ino, birthtimeMs } = fstatSync(descriptor);
      const start = Math.max(0, typeof position === "number" ? position : position(size));
      const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(lengthBytes, size - start)));
      const bytes = buffer.subarray(0, buffer.length === 0 ? 0 : readSync(descriptor, buffer, 0, buffer.length, start));
      // A new file may reuse the inode of a deleted one.
      return { bytes, size, identity: `${ino}.${birthtimeMs}` };
    } finally {
      closeSync(descriptor);
    }
  });
}
