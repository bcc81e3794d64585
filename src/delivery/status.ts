import { sizeOf } from "../store/files.js";
import type { Remote } from "./connection.js";
import type { SyncReport } from "./counters.js";
import type { EntityOutbox } from "./entity-outbox.js";
import type { PendingEntity } from "./exit-notice.js";
import type { MirrorOutbox } from "./mirror-outbox.js";
import type { Scope } from "./scope.js";
import type { Sender } from "./sender.js";

const MAX_NAMED = 10;

/** A write that keeps failing while the backend takes others. */
export interface FailingWrite {
  /** The stream it belongs to, or "create" or "patch". */
  readonly write: string;
  /** The kind and the id of its experiment or run. */
  readonly of: string;
  /** The number of failed attempts. */
  readonly attempts: number;
  /** Why it failed last. */
  readonly reason: string;
}

/** The state of the delivery. */
export interface DeliveryStatus {
  /** `up`: sending. `down`: the backend is unavailable, writes go to the mirror. `offline`: never sends. */
  readonly remote: Remote;
  /** Writes in the mirror that the backend does not have: of this client, and earlier ones to the same experiments and runs. */
  readonly pending: number;
  /** Writes that the backend rejected. */
  readonly rejected: number;
  /** Writes that keep failing while the backend takes others, at most ten; absent if there are none. */
  readonly failing?: readonly FailingWrite[];
}

/** The state of the delivery, with the counts of one client. */
export function statusOf(sender: Sender, { counters }: Scope): DeliveryStatus {
  const { pending, rejected } = counters.total;
  const { remote } = sender.connection;
  const failing = remote === "up" ? failingWrites(sender) : [];
  return { remote, pending, rejected, ...(failing.length === 0 ? {} : { failing }) };
}

/** The writes that keep failing, at most ten. */
function failingWrites(sender: Sender): FailingWrite[] {
  const failing: FailingWrite[] = [];
  for (const outbox of sender.backlog) {
    const { kind, id } = outbox.store;
    for (const entry of outbox.failing()) {
      if (entry.reason === "") continue;
      const write = entry.kind === "batch" ? entry.stream.segment.stream : entry.kind;
      failing.push({ write, of: `${kind} ${id}`, attempts: entry.attempts, reason: entry.reason });
      if (failing.length === MAX_NAMED) return failing;
    }
  }
  return failing;
}

/** Why writes are pending: the connection is blocked, another process is sending them, or they keep failing. */
export function pendingReason(
  sender: Sender,
  outboxes: Iterable<EntityOutbox>,
): Pick<SyncReport, "blocked" | "blockedStatus" | "retryAfterMs"> {
  const known = sender.connection.reason;
  if (known.blocked !== undefined) return known;
  for (const { lease } of outboxes) {
    const { owner } = lease;
    if (owner === undefined) continue;
    return { ...known, blocked: `process ${owner.pid} on ${owner.host} is sending them` };
  }
  const [first, ...others] = failingWrites(sender);
  if (first === undefined) return known;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return { ...known, blocked: `${first.write} of ${first.of}${more} keep failing: ${first.reason}` };
}

/**
 * The entities with pending writes, for the exit notice. `isClosing`: this process sends nothing more, so any later
 * acknowledgement is another process's.
 */
export function pendingEntitiesOf(mirror: MirrorOutbox, isClosing: boolean): PendingEntity[] {
  const entities: PendingEntity[] = [];
  for (const outbox of mirror.all()) {
    outbox.store.flush();
    const { kind, id, log } = outbox.store;
    const { acksPath } = log;
    const { pending } = outbox;
    const isSentHere = isClosing || outbox.lease.checkHeld();
    const acksBytes = outbox.appending > 0 ? undefined : isSentHere ? sizeOf(acksPath) : 0;
    if (pending > 0 || outbox.appending > 0) entities.push({ kind, id, pending, acksPath, acksBytes });
  }
  return entities;
}
