import { closeSync, openSync } from "node:fs";
import { descriptorLimit } from "../util/descriptor-limit.js";
import { codeOf } from "../util/thrown.js";
import { FILE_MODE } from "./files.js";

/** A file whose descriptor can be closed between uses and reopened. */
export interface PooledFile {
  /** Set at each use and cleared by the pool: a file used since the last eviction stays open. */
  wasUsed: boolean;
  /** Closes the descriptor; the next use opens the file again. */
  releaseDescriptor(): void;
}

const MAX_OPEN = 4_096;
const MIN_OPEN = 8;
/** A quarter of the process's descriptors: sockets, the program's own files and temporary ones need the rest. */
const LIMIT = Math.min(MAX_OPEN, Math.max(MIN_OPEN, Math.floor(descriptorLimit() / 4)));

const openFiles = new Set<PooledFile>();

/** Opens a file of the mirror. If the process has no free descriptors, files of the pool are closed first. */
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

/** Adds a file that was just opened; if the pool is full, the least recently used file is closed. */
export function addToPool(file: PooledFile): void {
  while (openFiles.size >= LIMIT) evict();
  openFiles.add(file);
}

/** Closes a file's descriptor and removes the file from the pool. The system closes it even if it reports an error. */
export function closeDescriptor(file: PooledFile, descriptor: number): void {
  openFiles.delete(file);
  try {
    closeSync(descriptor);
  } catch {
    // Each write has reported whether it succeeded.
  }
}

/** The clock algorithm: files used since the last eviction get a second chance, so a use only sets a flag. */
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
