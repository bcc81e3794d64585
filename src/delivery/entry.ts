import type { BatchRange, StoredLine } from "../journal/segment.js";
import type { Session } from "../journal/sessions.js";
import type { Operation } from "../journal/sync-state.js";
import { now } from "../util/clock.js";
import type { RetryPolicy } from "./attempt.js";
import type { IdMap } from "./id-map.js";
import type { AwaitedId } from "./outgoing.js";
import type { Scope } from "./scope.js";
import type { StreamOutbox } from "./stream-outbox.js";
import type { Waiter } from "./waiter.js";

const MAX_CONFLICTS = 5;
/** A sync of the default retries has one attempt more: a conflict that stays is a rejection within it. */
const MAX_INHERITED_CONFLICTS = 2;

/** A write that is accepted and not settled. A class, because an object of as many spread fields takes microseconds. */
abstract class AcceptedWrite {
  /** The client that wrote it. */
  readonly scope: Scope;
  /** Whether an earlier process may have sent it: a conflict may then be with that attempt. */
  readonly isInherited: boolean;
  /** The call that waits for it; undefined for the backlog. */
  waiter: Waiter | undefined = undefined;
  /** Its position among the entity's awaited entries. */
  order = Number.POSITIVE_INFINITY;
  /** The number of failed attempts. */
  attempts = 0;
  /** How often in a row a retry met a conflict. */
  conflicts = 0;
  /** When it may be sent again, on the clock of `now()`. */
  dueAt = 0;
  /** The id it has to wait for. */
  waitsFor: AwaitedId | undefined = undefined;
  /** Why its last attempt failed. */
  reason = "";

  constructor(scope: Scope, isInherited: boolean) {
    this.scope = scope;
    this.isInherited = isInherited;
  }
}

/** Rows that are sent in one request. */
export class BatchEntry extends AcceptedWrite implements BatchRange {
  readonly kind = "batch";
  readonly stream: StreamOutbox;
  readonly start: number;
  readonly end: number;
  readonly session: Session;
  /** The lines, if they are in memory; otherwise they are read from the file. */
  lines: readonly StoredLine[] | undefined = undefined;
  /** The split and the step of a row of metrics. */
  step: string | undefined = undefined;
  /** How often the connection was cut while it was being uploaded. */
  uploadCuts = 0;

  constructor(stream: StreamOutbox, { start, end, session }: BatchRange, scope: Scope, isInherited: boolean) {
    super(scope, isInherited);
    this.stream = stream;
    this.start = start;
    this.end = end;
    this.session = session;
  }
}

/** A create or a patch. */
export class OperationEntry extends AcceptedWrite {
  readonly kind: "create" | "patch";
  readonly operation: Operation;
  /** When it was registered, on the clock of `now()`. */
  readonly registeredAt = now();

  constructor(operation: Operation, scope: Scope, isInherited: boolean) {
    super(scope, isInherited);
    this.kind = "create" in operation ? "create" : "patch";
    this.operation = operation;
  }

  /** The fields that a patch sets; none for a create. */
  get patchedFields(): readonly string[] {
    return "patch" in this.operation ? Object.keys(this.operation.patch) : [];
  }
}

/** The fields that patches set which have to be sent first: a later patch that sets one of them has to wait. */
export class BlockedFields {
  readonly #fields = new Set<string>();

  add({ patchedFields }: OperationEntry): void {
    for (const field of patchedFields) this.#fields.add(field);
  }

  blocks({ patchedFields }: OperationEntry): boolean {
    return patchedFields.some((field) => this.#fields.has(field));
  }
}

export type Entry = BatchEntry | OperationEntry;

/** The retry policy of an entry: an awaited one is retried until its deadline; one of the backlog is requeued after one attempt. */
export function policyOf(
  { waiter, isInherited, attempts, conflicts }: Entry,
  timeoutMs: number,
  keepsProcessAlive: boolean,
  time: number,
): RetryPolicy {
  // If retries keep conflicting, the first attempt is not in progress.
  const maxConflicts = isInherited ? MAX_INHERITED_CONFLICTS : MAX_CONFLICTS;
  const isRepeat = (isInherited || attempts > 0) && conflicts < maxConflicts;
  return waiter === undefined
    ? { maxRetries: 0, timeoutMs, isAwaited: keepsProcessAlive, isExtendable: true, isRepeat }
    : {
        maxRetries: waiter.maxRetries,
        timeoutMs: Math.max(0, waiter.endsAt - time),
        isAwaited: true,
        isExtendable: false,
        isRepeat,
      };
}

/** Whether an entry may be sent now: its backoff is over, and the id that it waited for is known. */
export function isDue({ dueAt, waitsFor }: Entry, time: number, ids: IdMap): boolean {
  return dueAt <= time && (waitsFor === undefined || ids.resolve(waitsFor.kind, waitsFor.id) !== undefined);
}
