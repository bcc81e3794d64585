import { closeSync, openSync } from "node:fs";
import { descriptorLimit } from "../util/descriptor-limit.js";
import { codeOf } from "../util/thrown.js";
import { FILE_MODE } from "./files.js";

/** A file that can be closed between two uses and opened again. */
export interface PooledFile {
  /** Set at each use, cleared by the pool: a file that was used since the last eviction stays open. */
  wasUsed: boolean;
  /** Closes the descriptor; the next use opens the file again. */
  releaseDescriptor(): void;
}

const MOST_OPEN = 4_096;
const FEWEST_OPEN = 8;
/** A quarter of the process's descriptors: sockets, the program's own files and short-lived ones need the rest. */
const LIMIT = Math.min(MOST_OPEN, Math.max(FEWEST_OPEN, Math.floor(descriptorLimit() / 4)));

const openFiles = new Set<PooledFile>();

/** Opens a file of the mirror. If the process has no descriptor left, files of the pool are closed first. */
export function openFile(path: string, flags: number): number {
  try {
    return openSync(path, flags, FILE_MODE);
  } catch (error) {
    const code = codeOf(error);
    if ((code !== "EMFILE" && code !== "ENFILE") || openFiles.size === 0) throw error;
    for (let closing = Math.ceil(openFiles.size / 2); closing > 0; closing -= 1) evict();
    return openSync(path, flags, FILE_MODE);
  }
}

/** Puts a file that has just been opened into the pool; the least recently used one is closed if the pool is full. */
export function addToPool(file: PooledFile): void {
  while (openFiles.size >= LIMIT) evict();
  openFiles.add(file);
}

/** Closes the descriptor of a file and takes it out of the pool. The system closes it even where it says that it failed. */
export function closeDescriptor(file: PooledFile, descriptor: number | undefined): void {
  openFiles.delete(file);
  if (descriptor === undefined) return;
  try {
    closeSync(descriptor);
  } catch {
    // Each write has said for itself whether it is on the file.
  }
}

/** Files used since the last eviction get a second chance, so a use costs a flag and no list operation. */
function evict(): void {
  for (const file of openFiles) {
    if (!file.wasUsed) {
      file.releaseDescriptor();
      return;
    }
    file.wasUsed = false;
    openFiles.delete(file);
    openFiles.add(file);
  }
}
