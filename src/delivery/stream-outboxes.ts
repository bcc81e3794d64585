import { STREAMS, type StreamName } from "../api/routes.js";
import type { EntityStore } from "../journal/entity-store.js";
import { Segment } from "../journal/segment.js";
import type { IdMap } from "./id-map.js";
import type { Scope } from "./scope.js";
import { StreamOutbox } from "./stream-outbox.js";
import type { UnsettledSteps } from "./unsettled-steps.js";

/** The stream outboxes of a run: one for each stream of each writer. */
export class StreamOutboxes {
  readonly #store: EntityStore;
  readonly #ids: IdMap;
  readonly #owner: Scope;
  readonly #steps: () => UnsettledSteps;
  /** By writer slot and stream: a number, because each call looks one up. */
  readonly #outboxes = new Map<number, StreamOutbox>();

  /** `owner`: the client that earlier rows count for; `steps`: those of the run. */
  constructor(store: EntityStore, ids: IdMap, owner: Scope, steps: () => UnsettledSteps) {
    this.#store = store;
    this.#ids = ids;
    this.#owner = owner;
    this.#steps = steps;
  }

  get pending(): number {
    let pending = 0;
    for (const outbox of this.#outboxes.values()) pending += outbox.rows.pending;
    return pending;
  }

  of(stream: StreamName, slot: number): StreamOutbox {
    const key = slot * STREAMS.length + STREAMS.indexOf(stream);
    let outbox = this.#outboxes.get(key);
    if (outbox === undefined) {
      const segment = new Segment(this.#store, stream, slot);
      outbox = new StreamOutbox(this.#store, segment, this.#ids, this.#owner, this.#steps);
      this.#outboxes.set(key, outbox);
    }
    return outbox;
  }

  /** Those that are in use. */
  open(): Iterable<StreamOutbox> {
    return this.#outboxes.values();
  }

  /** Those of all writers. */
  all(streams: readonly StreamName[] = STREAMS): StreamOutbox[] {
    if (this.#store.kind === "experiment") return [];
    const { slots } = this.#store.log.state.sessions;
    return slots.flatMap((slot) => streams.map((stream) => this.of(stream, slot)));
  }

  /** Counts the rows that were added since. Rows of this process are counted when they are accepted. */
  count(): void {
    for (const outbox of this.all()) outbox.rows.count();
  }

  reset(): void {
    for (const outbox of this.#outboxes.values()) outbox.reset();
  }

  close(): void {
    for (const outbox of this.#outboxes.values()) outbox.segment.close();
  }
}
