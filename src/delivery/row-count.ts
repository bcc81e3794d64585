import { ID_KIND_OF } from "../api/routes.js";
import type { EntityStore } from "../journal/entity-store.js";
import type { Segment } from "../journal/segment.js";
import type { ByteRange } from "../store/append-file.js";
import { parseRow } from "../store/rows.js";
import type { WriteState } from "./counters.js";
import type { BatchEntry } from "./entry.js";
import type { IdMap } from "./id-map.js";
import type { Scope } from "./scope.js";
import type { UnsettledSteps } from "./unsettled-steps.js";

/** Counts the pending rows of one segment, each for the client that wrote it. */
export class RowCount {
  readonly #pending = new Map<Scope, number>();
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
    this.#store = store;
    this.#segment = segment;
    this.#ids = ids;
    this.#steps = steps;
    this.#owners = [{ start: 0, scope }];
  }

  get pending(): number {
    let pending = 0;
    for (const rows of this.#pending.values()) pending += rows;
    return pending;
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
    this.#add(scope, rows);
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
    for (const [scope, rows] of found) this.#add(scope, rows);
    this.#end = counted;
    for (const entry of this.#uncounted) if (entry.start < counted) this.#uncounted.delete(entry);
  }

  /** The lines of a batch are settled, and others of it skipped. `isPending`: the batch was in the queue until now. */
  settle(entry: BatchEntry, isPending: boolean, state: WriteState, lines: number, skipped: number): void {
    const { counters } = entry.scope;
    if (isPending && !this.#uncounted.delete(entry)) this.#add(entry.scope, -(lines + skipped));
    counters.add(this.#segment.stream, state, lines);
    if (skipped > 0) counters.add(this.#segment.stream, "skipped", skipped);
  }

  /** Rejected rows are to be sent again. */
  retry(scope: Scope, rows: number): void {
    scope.counters.add(this.#segment.stream, "rejected", -rows);
    this.#add(scope, rows);
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
    for (const [scope, rows] of this.#pending) this.#add(scope, -rows);
  }

  #add(scope: Scope, rows: number): void {
    this.#pending.set(scope, (this.#pending.get(scope) ?? 0) + rows);
    scope.counters.add(this.#segment.stream, "pending", rows);
  }

  #writtenUntil(): number {
    const isOwn = this.#segment.slot === this.#store.slot;
    return isOwn ? this.#store.ownRows(this.#segment.stream).end : this.#segment.writtenEnd;
  }
}
