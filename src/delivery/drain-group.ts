import type { StreamName } from "../api/routes.js";
import { now } from "../util/clock.js";
import type { EntityOutbox } from "./entity-outbox.js";
import { BlockedFields, type OperationEntry } from "./entry.js";
import { sendEntry } from "./send-entry.js";
import type { SendStep } from "./send-order.js";
import type { StreamOutbox } from "./stream-outbox.js";

/** The outboxes of one experiment or run of the backend: jobs that resumed a run may each have had their own mirror. */
export type OutboxGroup = readonly EntityOutbox[];

/** The key of an experiment or run of the backend. */
export function groupOf({ store, backendId }: EntityOutbox): string {
  return `${store.kind} ${backendId ?? store.id}`;
}

export function groupsOf(outboxes: Iterable<EntityOutbox>): OutboxGroup[] {
  const groups = new Map<string, EntityOutbox[]>();
  for (const outbox of outboxes) {
    const group = groups.get(groupOf(outbox));
    if (group === undefined) groups.set(groupOf(outbox), [outbox]);
    else group.push(outbox);
  }
  return [...groups.values()];
}

/** Sends a group's writes of a step, as long as the backend accepts them, in a drain that began at `begunAt`. */
export async function drainStep(group: OutboxGroup, step: SendStep, begunAt: number): Promise<void> {
  if ("streams" in step) {
    const ready = group.filter((outbox) => outbox.hasBacklog(step));
    await Promise.all(step.streams.map((stream) => drainRows(ready, stream)));
  } else await drainOperations(group, step.kind, begunAt);
}

/**
 * Sends creates or patches one by one, in the order of their time. One that is not due blocks later ones that set one of
 * its fields, but one of an outbox that may not send at all blocks none. A patch that was registered after the drain began
 * waits for the next drain: the rows before it have to be sent first.
 */
async function drainOperations(group: OutboxGroup, kind: OperationEntry["kind"], begunAt: number): Promise<void> {
  const earlier = new BlockedFields();
  const queue = group.flatMap((outbox) => [...outbox.operations.unsettled(kind)].map((entry) => ({ outbox, entry })));
  for (const { outbox, entry } of queue.sort((a, b) => a.entry.operation.at - b.entry.operation.at)) {
    const { operations } = outbox;
    const isUnsettled = (): boolean => operations.entryOf(entry.operation.key) === entry;
    const isBlocked = operations.isBusy || earlier.blocks(entry);
    const isNext = isUnsettled() && !isBlocked && operations.isInBacklog(entry, now(), begunAt);
    if (isNext && outbox.maySendBacklog()) {
      operations.take(entry);
      await sendEntry(outbox, entry);
    }
    if (isUnsettled() && outbox.maySendBacklog()) earlier.add(entry);
  }
  for (const outbox of group) outbox.pump.run();
}

/** Sends the rows of a stream. If there are several segments, session by session, in the order of their start. */
async function drainRows(group: OutboxGroup, stream: StreamName): Promise<void> {
  const segments = group.flatMap((outbox) => outbox.streams.all([stream]).map((segment) => ({ outbox, segment })));
  const [only, ...others] = segments;
  if (only !== undefined && others.length === 0) return only.outbox.pump.drainRows(only.segment);
  const turns = segments.flatMap(({ outbox, segment }) => turnsOf(outbox, segment)).sort((a, b) => a.at - b.at);
  for (const { outbox, segment, until } of turns) {
    if (!segment.hasFresh(until) && segment.queue.requeued.length === 0) continue;
    await outbox.pump.drainRows(segment, until);
    // Rows that could not be taken have to be sent before later ones.
    if (segment.hasFresh(until)) return;
  }
}

/** A part of a segment that one session wrote. */
interface Turn {
  readonly outbox: EntityOutbox;
  readonly segment: StreamOutbox;
  /** When the session began, in seconds since the epoch. */
  readonly at: number;
  readonly until: number;
}

function turnsOf(outbox: EntityOutbox, segment: StreamOutbox): Turn[] {
  const { slot, stream } = segment.segment;
  const starts = outbox.store.log.state.sessions.startsIn(slot, stream);
  let latest = Number.NEGATIVE_INFINITY;
  return starts.map(({ session }, index) => {
    // A segment is sent from its start to its end.
    latest = Math.max(latest, session.at);
    return { outbox, segment, at: latest, until: starts[index + 1]?.start ?? Number.POSITIVE_INFINITY };
  });
}
