import type { SyncLog } from "../journal/sync-log.js";
import type { FolderKind } from "../store/paths.js";
import { type Counted, CREATED, type WriteState } from "./counters.js";
import { BlockedFields, isDue, OperationEntry } from "./entry.js";
import type { IdMap } from "./id-map.js";
import type { Scope } from "./scope.js";
import { PENDING, type Waiter } from "./waiter.js";

/**
 * The creates and patches of an entity that are not delivered. They are sent one by one. A patch waits only for earlier
 * patches that set one of its fields, so one that keeps failing does not block others.
 */
export class OperationQueue {
  readonly #kind: FolderKind;
  readonly #log: SyncLog;
  readonly #ids: IdMap;
  readonly #owner: Scope;
  /** By key; created when an operation is first counted. */
  readonly #entries = new Map<string, OperationEntry>();
  readonly #awaited = new Set<OperationEntry>();
  /** The entries from before the journal was read again. */
  #former = new Map<string, OperationEntry>();
  #sending: OperationEntry | undefined;

  constructor(kind: FolderKind, log: SyncLog, ids: IdMap, owner: Scope) {
    this.#log = log;
    this.#ids = ids;
    this.#owner = owner;
    this.#kind = kind;
  }

  /** Whether an operation is in flight. */
  get isBusy(): boolean {
    return this.#sending !== undefined;
  }

  /** How many operations are pending. */
  get pending(): number {
    return this.#entries.size;
  }

  /** The entries that failed and wait for their next attempt. */
  *requeued(): Generator<OperationEntry> {
    for (const entry of this.#entries.values()) if (entry.attempts > 0) yield entry;
  }

  isSending(entry: OperationEntry): boolean {
    return this.#sending === entry;
  }

  /** Counts what was added to the journal since; `scope`: its client, if a call of this process has just journaled it. */
  count(scope?: Scope): void {
    const isInherited = scope === undefined && this.#log.sentBefore.size > 0;
    for (const operation of this.#log.state.pending) {
      if (this.#entries.has(operation.key)) continue;
      const entry = this.#former.get(operation.key) ?? new OperationEntry(operation, scope ?? this.#owner, isInherited);
      this.#entries.set(operation.key, entry);
      entry.scope.counters.add(this.#countedAs(entry), "pending", 1);
    }
    this.#former.clear();
  }

  /** The entry of an operation that is counted. */
  entryOf(key: string): OperationEntry | undefined {
    return this.#entries.get(key);
  }

  /** A call waits for an operation that was just counted. */
  await(key: string, order: number, waiter: Waiter): OperationEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#awaited.add(Object.assign(entry, { order, waiter }));
    return entry;
  }

  /** The patches that calls wait for. */
  get awaited(): ReadonlySet<OperationEntry> {
    return this.#awaited;
  }

  /** A call does not wait for its patch any more: it joins the backlog. */
  leaveQueue(entry: OperationEntry): void {
    this.#awaited.delete(entry);
  }

  /** Takes the next operation that a call waits for, or an earlier one that has to be sent before it. */
  takeAwaited(time: number): OperationEntry | undefined {
    return this.#take("patch", (entry) => isDue(entry, time, this.#ids));
  }

  /** Takes the next operation of a kind that no call waits for, due or not. */
  takeProbe(kind: OperationEntry["kind"]): OperationEntry | undefined {
    const ever = Number.POSITIVE_INFINITY;
    return this.#take(kind, (entry) => this.isInBacklog(entry, ever, ever));
  }

  /** The counted operations of a kind that are not settled, in their order. */
  *unsettled(kind: OperationEntry["kind"]): Generator<OperationEntry> {
    for (const { key } of this.#log.state.pending) {
      const entry = this.#entries.get(key);
      if (entry?.kind === kind) yield entry;
    }
  }

  /** Whether no call waits for an operation, it is due, and it was registered by a time. */
  isInBacklog(entry: OperationEntry, time: number, registeredBy: number): boolean {
    return entry.waiter === undefined && entry.registeredAt <= registeredBy && isDue(entry, time, this.#ids);
  }

  /** Takes an operation to send it. */
  take(entry: OperationEntry): void {
    this.#sending = entry;
  }

  /** Whether the backlog has an operation of a kind to send. */
  hasBacklog(kind: OperationEntry["kind"], time: number): boolean {
    return this.#next(kind, (entry) => this.isInBacklog(entry, time, Number.POSITIVE_INFINITY)) !== undefined;
  }

  requeue(entry: OperationEntry): void {
    if (this.#sending === entry) this.#sending = undefined;
    this.#awaited.delete(entry);
  }

  settle(entry: OperationEntry, state: WriteState): void {
    const { operation, scope } = entry;
    this.requeue(entry);
    if (this.#entries.get(operation.key) === entry) {
      this.#entries.delete(operation.key);
      scope.counters.add(this.#countedAs(entry), "pending", -1);
    }
    scope.counters.add(this.#countedAs(entry), state, 1);
  }

  /** Requeues what the backend rejected: creates always, as everything else depends on them. */
  retryRejected(withPatches: boolean): void {
    const state = this.#log.state;
    for (const operation of state.operations.values()) {
      if (!("create" in operation || withPatches) || !state.retry(operation)) continue;
      const entry = new OperationEntry(operation, this.#owner, false);
      this.#entries.set(operation.key, entry);
      this.#owner.counters.add(this.#countedAs(entry), "rejected", -1);
      this.#owner.counters.add(this.#countedAs(entry), "pending", 1);
    }
  }

  /** The journal was read again: what is pending is counted anew. What is in flight remains what it is. */
  reset(): void {
    for (const entry of this.#awaited) {
      if (entry === this.#sending) continue;
      entry.waiter?.settle(PENDING);
      entry.waiter = undefined;
    }
    this.#awaited.clear();
    this.#former = new Map(this.#entries);
    for (const entry of this.#entries.values()) entry.scope.counters.add(this.#countedAs(entry), "pending", -1);
    this.#entries.clear();
  }

  #take(kind: OperationEntry["kind"], isMeant: (entry: OperationEntry) => boolean): OperationEntry | undefined {
    if (this.#sending !== undefined) return undefined;
    this.#sending = this.#next(kind, isMeant);
    return this.#sending;
  }

  #countedAs({ kind }: OperationEntry): Counted {
    return kind === "create" ? CREATED[this.#kind] : "patches";
  }

  /** The first matching operation that sets no field that an earlier one sets. */
  #next(kind: OperationEntry["kind"], isMeant: (entry: OperationEntry) => boolean): OperationEntry | undefined {
    const earlier = new BlockedFields();
    for (const entry of this.unsettled(kind)) {
      if (isMeant(entry) && !earlier.blocks(entry)) return entry;
      earlier.add(entry);
    }
    return undefined;
  }
}
