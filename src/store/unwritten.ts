/** A document with changes that are not in its file yet. */
export interface Unwritten {
  readonly path: string;
  flush(): void;
}

const unwritten = new Set<Unwritten>();

/** Has a document written before this process reads it, and before the process exits. */
export function deferWriting(document: Unwritten): void {
  if (unwritten.size === 0) process.once("exit", writeAll);
  unwritten.add(document);
}

/** The document's file has all its changes. */
export function isWritten(document: Unwritten): void {
  if (unwritten.delete(document) && unwritten.size === 0) process.off("exit", writeAll);
}

/** Writes what was deferred of the document at this path. */
export function writeDeferred(path: string): void {
  for (const document of unwritten) if (document.path === path) document.flush();
}

function writeAll(): void {
  for (const document of unwritten) document.flush();
}
