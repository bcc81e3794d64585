/** A document with changes that are not yet in its file. */
export interface Unwritten {
  readonly path: string;
  flush(): void;
}

const unwritten = new Set<Unwritten>();

/** Registers a document to be written before this process reads it, and before the process exits. */
export function deferWriting(document: Unwritten): void {
  if (unwritten.size === 0) process.once("exit", writeAll);
  unwritten.add(document);
}

/** Unregisters a document whose file has all its changes. */
export function markWritten(document: Unwritten): void {
  if (unwritten.delete(document) && unwritten.size === 0) process.off("exit", writeAll);
}

/** Writes the document at a path if its writing was deferred. */
export function writeDeferred(path: string): void {
  for (const document of unwritten) if (document.path === path) document.flush();
}

function writeAll(): void {
  for (const document of unwritten) document.flush();
}
