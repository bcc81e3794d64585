import { ID_KIND_OF } from "../api/routes.js";
import type { EntityStore } from "../journal/entity-store.js";
import type { Segment } from "../journal/segment.js";
import type { ByteRange } from "../store/append-file.js";
import { parseRow } from "../store/rows.js";
import type { WriteState } from "./counters.js";
import type { BatchEntry } from "./entry.js";
import type { IdMap } from "./id-map.js";
import { PendingCount } from "./pending-count.js";
import type { Scope } from "./scope.js";
import type { UnsettledSteps } from "./unsettled-steps.js";

/** Counts the pending rows of one segment, each for the client that wrote it. */
export class RowCount {
  readonly pending: PendingCount;
  readonly #store: EntityStore;
  readonly #segment: Segment;
  readonly #ids: IdMap;
  readonly #steps: (() => UnsettledSteps) | undefined;
  readonly #owners: { readonly start: number; readonly scope: Scope }[];
  /** What was in flight when the counts were reset, until it is counted again. */
  readonly #uncounted = new Set<BatchEntry>();
  #end = 0;

  constructor(
    store: EntityStore,
    segment: Segment,
    ids: IdMap,
    scope: Scope,
    steps: (() => UnsettledSteps) | undefined,
  ) {
    this.pending = new PendingCount(segment.stream);
    this.#store = store;
    this.#segment = segment;
    this.#ids = ids;
    this.#steps = steps;
    this.#owners = [{ start: 0, scope }];
  }

  /** The position up to which rows are counted. */
  get end(): number {
    return this.#end;
  }

  /** This process has appended rows. `isUncounted`: what was there before is not counted. */
  register({ start, end }: ByteRange, rows: number, scope: Scope, isUncounted: boolean): void {
    if (this.#end < start && !isUncounted) this.count(start);
    // A recount has seen them already.
    if (this.#end >= end) return;
    this.#end = end;
    if (this.#owners.at(-1)?.scope !== scope) this.#owners.push({ start, scope });
    this.pending.add(scope, rows);
  }

  /** Counts the pending lines that were added since, up to a line: all of them, or none if the file cannot be read. */
  count(until = this.#writtenUntil()): void {
    const named = ID_KIND_OF[this.#segment.stream];
    const found = new Map<Scope, number>();
    const steps = this.#steps?.();
    let counted = this.#end;
    for (const { start, end, bytes } of this.#segment.openLines(counted, until)) {
      const scope = this.scopeAt(start);
      if (bytes.length > 0) found.set(scope, (found.get(scope) ?? 0) + 1);
      if (steps?.tracksBacklog === true && bytes.length > 0) steps.noteBacklog(bytes.toString());
      const id = named === undefined ? undefined : parseRow(bytes.toString())?.id;
      if (named !== undefined && typeof id === "string") this.#ids.expect(named, id);
      counted = end;
    }
    for (const [scope, rows] of found) this.pending.add(scope, rows);
    this.#end = counted;
    for (const entry of this.#uncounted) if (entry.start < counted) this.#uncounted.delete(entry);
  }

  /** The lines of a batch are settled, and others of it skipped. `isPending`: the batch was in the queue until now. */
  settle(entry: BatchEntry, isPending: boolean, state: WriteState, lines: number, skipped: number): void {
    const isCounted = isPending && !this.#uncounted.delete(entry);
    const settle = (to: WriteState, writes: number): void => {
      if (isCounted) this.pending.settle(entry.scope, to, writes);
      else this.pending.settleUncounted(entry.scope, to, writes);
    };
    settle(state, lines);
    if (skipped > 0) settle("skipped", skipped);
  }

  /** The client that wrote the row at a position. */
  scopeAt(start: number): Scope {
    const owner = this.#owners.findLast((one) => one.start <= start) ?? this.#owners[0];
    if (owner === undefined) throw new RangeError("A stream has an owner from its start on.");
    return owner.scope;
  }

  /** Resets the count: the file is counted again from its start. `inFlight`: batches that may settle before that. */
  reset(inFlight: Iterable<BatchEntry>): void {
    this.#uncounted.clear();
    for (const entry of inFlight) this.#uncounted.add(entry);
    this.#end = 0;
    this.pending.reset();
  }

  #writtenUntil(): number {
    const isOwn = this.#segment.slot === this.#store.slot;
    return isOwn ? this.#store.ownRows(this.#segment.stream).end : this.#segment.writtenEnd;
  }
}
