import { existsSync } from "node:fs";
import { EntityStore } from "../journal/entity-store.js";
import { segmentsOf } from "../journal/segment.js";
import { sizeOf } from "../store/files.js";
import type { FolderKind } from "../store/paths.js";

/** One experiment or run with pending writes. */
export interface PendingEntity {
  readonly kind: FolderKind;
  readonly id: string;
  readonly pending: number;
  /** Its acknowledgement log. */
  readonly acksPath: string;
  /** The size of that log when they were counted; undefined if rows in the file are not counted yet. */
  readonly acksBytes: number | undefined;
}

/** A mirror that may have pending writes. */
export interface ExitSource {
  readonly root: string;
  /** Whether warnings are off. */
  readonly isQuiet: boolean;
  /** Writes the rows of the current tick, and lists what is pending. */
  pendingEntities(): PendingEntity[];
  /** Releases locks, so that other processes need not wait until they expire. */
  release(): void;
}

const sources = new Set<ExitSource>();

/** Prints one line for each mirror with pending writes when the process ends. Returns a function that removes the source. */
export function onExit(source: ExitSource): () => void {
  if (sources.size === 0) process.once("exit", printExitNotice);
  sources.add(source);
  return () => {
    sources.delete(source);
    if (sources.size === 0) process.off("exit", printExitNotice);
  };
}

/** Keeps what a closed client left in a mirror for the notice at exit. */
export function leaveForExit(root: string, isQuiet: boolean, entities: readonly PendingEntity[]): void {
  onExit({ root, isQuiet, pendingEntities: () => [...entities], release: () => {} });
}

/** Prints, for each mirror, the command that sends what is pending, and releases locks. The process ends after it. */
export function printExitNotice(): void {
  const found = new Map<string, PendingEntity[]>();
  for (const source of sources) {
    try {
      const entities = source.pendingEntities();
      if (!source.isQuiet) found.set(source.root, [...(found.get(source.root) ?? []), ...entities]);
      source.release();
    } catch {
      // Locks that cannot be released expire.
    }
  }
  for (const [root, entities] of found) {
    const writes = countPending(root, entities);
    if (writes === 0) continue;
    process.stderr.write(`[evsys-sdk] ${noticeOf(root, writes)}\n`);
  }
}

function noticeOf(root: string, writes: number): string {
  const what = writes === 1 ? "1 write is" : `${writes} writes are`;
  return existsSync(root)
    ? `${what} in the mirror and not delivered yet. Send with: ${syncCommandLine(root)}`
    : `${what} lost: the mirror ${root} was deleted before they were delivered.`;
}

/** The command that sends mirrors, quoted for a shell. */
export function syncCommandLine(...roots: readonly string[]): string {
  return ["npx evsys-sdk sync", ...roots.map(quoted)].join(" ");
}

function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** Counts what is pending in a mirror. Entities of several clients, or changed ones, are read from the files. */
function countPending(root: string, entities: readonly PendingEntity[]): number {
  const named = new Map<string, PendingEntity>();
  for (const entity of entities) {
    const key = `${entity.kind} ${entity.id}`;
    named.set(key, named.has(key) ? { ...entity, acksBytes: undefined } : entity);
  }
  let writes = 0;
  for (const { kind, id, pending, acksPath, acksBytes } of named.values()) {
    const isCurrent = acksBytes !== undefined && sizeOf(acksPath) === acksBytes;
    writes += isCurrent ? pending : pendingIn(new EntityStore(root, kind, id));
  }
  return writes;
}

function pendingIn(store: EntityStore): number {
  let pending = store.log.state.pending.length;
  for (const segment of segmentsOf(store)) {
    pending += segment.countOpen();
    segment.close();
  }
  return pending;
}
