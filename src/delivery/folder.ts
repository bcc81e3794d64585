import { EntityFolder } from "../mirror/entity.js";
import { type Holder, isLock, type Lock, takeLock } from "../mirror/lock.js";
import type { FolderKind } from "../mirror/paths.js";
import { parseRow } from "../mirror/rows.js";
import type { Refusal } from "../mirror/sync-lines.js";
import type { Operation, SyncState } from "../mirror/sync-state.js";
import type { EntityKind, StreamName } from "../operations.js";
import type { Courier } from "./courier.js";
import { Gate } from "./gate.js";
import { COUNTED, type Counted, type Standing } from "./report.js";
import { RowLane } from "./row-lane.js";

const SENDER_LOCK = "sender";
const STREAMS: readonly StreamName[] = ["checkpoints", "evals", "metrics", "predictions"];
/** The streams whose rows have ids that other rows name. */
const NAMED: readonly (readonly [StreamName, EntityKind])[] = [
  ["checkpoints", "checkpoint"],
  ["evals", "eval"],
];

/** One experiment or run on its way to the backend: its files, and what this process knows and may do of their sending. */
export class Folder {
  readonly entity: EntityFolder;
  readonly courier: Courier;
  /** Patches go out one by one, in the order they were made. */
  readonly patchGate = new Gate(1);
  /** Patches that a call is about to send. */
  readonly claimedPatches = new Set<string>();
  /** Sends that calls wait for. */
  readonly inFlight = new Set<Promise<unknown>>();
  readonly #lanes = new Map<string, RowLane>();
  /** What this folder adds to the courier's count of pending writes. */
  readonly #pending = new Map<Counted, number>();
  #lock: Lock | undefined;
  #holder: Holder | undefined;
  #lanesOfSlot: number | undefined;
  #isParked = false;
  #isConfirmed = false;
  #hasCountedRefused = false;

  constructor(root: string, kind: FolderKind, id: string, courier: Courier) {
    this.entity = new EntityFolder(root, kind, id);
    this.courier = courier;
    this.#learnIds();
  }

  get state(): SyncState {
    return this.entity.log.state;
  }

  /** Whether this process sends for the folder. */
  get isInCharge(): boolean {
    return this.#lock?.isHeld() ?? false;
  }

  /** Who sends for the folder, where that is another process. */
  get holder(): Holder | undefined {
    return this.isInCharge ? undefined : this.#holder;
  }

  /** Whether the backend knows the entity: it made it, or it was there before this mirror. */
  get isKnown(): boolean {
    const { creation, delivered } = this.state;
    return creation === undefined || delivered.has(creation.key);
  }

  /** Whether the backend said that there is no such entity. It is asked again by the next call, process or sync. */
  get isParked(): boolean {
    return this.#isParked;
  }

  /** The entity's id as the backend knows it; undefined while it does not. */
  get backendId(): string | undefined {
    return this.isKnown ? this.courier.ids.resolve(this.entity.kind, this.entity.id) : undefined;
  }

  /** Takes charge of sending, unless another process has it. What is pending is read and counted then. */
  takeCharge(): boolean {
    if (this.isInCharge) return true;
    const answer = takeLock(this.entity.log.folder, SENDER_LOCK);
    if (!isLock(answer)) {
      this.#holder = answer;
      return false;
    }
    this.#lock = answer;
    this.#isParked = false;
    this.reload();
    this.count();
    return true;
  }

  /** Takes in what other processes wrote to the folder, or, where one of them sends for it, what it achieved. */
  refresh(): void {
    if (this.isInCharge) {
      const operations = this.state.operations.size;
      this.entity.log.refresh();
      this.added("patches", this.state.operations.size - operations);
      for (const lane of this.lanes()) if (lane.slot !== this.entity.slot) this.added(lane.stream, lane.look());
      this.expectRowIds();
    } else if (!this.takeCharge() && !this.isKnown) this.reload();
  }

  /** Reads the sync log anew: another process may have written acknowledgements. */
  reload(): void {
    this.entity.load();
    this.#closeLanes();
    this.#learnIds();
  }

  /** The lane of one file. */
  lane(stream: StreamName, slot: number): RowLane {
    if (this.#lanesOfSlot !== this.entity.openings) this.#closeLanes();
    this.#lanesOfSlot = this.entity.openings;
    const key = `${stream} ${slot}`;
    const { concurrency } = this.courier.config;
    const isOwn = slot === this.entity.slot;
    const lane = this.#lanes.get(key) ?? new RowLane(this.entity, stream, slot, isOwn, concurrency);
    this.#lanes.set(key, lane);
    return lane;
  }

  /** The lanes of all writers' files of some streams. */
  lanes(streams: readonly StreamName[] = STREAMS): RowLane[] {
    if (this.entity.kind === "experiment") return [];
    const slots = new Set([...this.state.sessions.values()].map(({ slot }) => slot));
    return [...slots].flatMap((slot) => streams.map((stream) => this.lane(stream, slot)));
  }

  /** The creates or patches that the backend has neither taken nor refused, and that no call is about to send. */
  waiting(kind: "create" | "patch"): Operation[] {
    const { operations, delivered, refused } = this.state;
    const open = [...operations.values()].filter(
      (one) => kind in one && !delivered.has(one.key) && !refused.has(one.key),
    );
    return open.filter(({ key }) => !this.claimedPatches.has(key)).sort((a, b) => a.at - b.at);
  }

  /** Mirrors a create: of the backend's making, or to be sent under its key, which is then the id. */
  created(key: string, fields: Readonly<Record<string, unknown>>, isDelivered: boolean): void {
    this.entity.create(key, fields, isDelivered ? this.entity.id : undefined);
    this.added(this.#countedAs, 1);
    if (isDelivered) this.settle(this.#countedAs, "delivered", 1);
    this.#learnIds();
  }

  /** Counts writes that have just been added to the mirror. */
  added(kind: Counted, writes: number): void {
    this.#pending.set(kind, (this.#pending.get(kind) ?? 0) + writes);
    this.courier.tally.add(kind, "pending", writes);
  }

  /** Pending writes have come to rest. */
  settle(kind: Counted, standing: Standing, writes: number): void {
    this.#pending.set(kind, (this.#pending.get(kind) ?? 0) - writes);
    this.courier.tally.settle(kind, standing, writes);
  }

  /**
   * Takes a 404: whether it means the entity itself, so that nothing of the folder need be tried for now. A write that
   * names other things may be refused for their sake, once the backend is known to have the entity.
   */
  isParkedBy({ status, reason, body }: Omit<Refusal, "at">, namesOthers: boolean): boolean {
    if (namesOthers && this.#isConfirmed) return false;
    this.#isParked = true;
    this.entity.log.park({ status, reason, body, at: Date.now() / 1000 });
    return true;
  }

  /** The backend has taken something for the entity. */
  confirm(): void {
    this.#isConfirmed = true;
    this.#isParked = false;
    this.entity.log.park(null);
  }

  /** Counts what is pending, and notes the ids that wait for the backend's. */
  count(): void {
    for (const kind of COUNTED) this.added(kind, -(this.#pending.get(kind) ?? 0));
    this.added(this.#countedAs, this.waiting("create").length);
    this.added("patches", this.waiting("patch").length);
    for (const lane of this.lanes()) this.added(lane.stream, lane.look());
    this.expectRowIds();
    if (this.#hasCountedRefused) return;
    this.#hasCountedRefused = true;
    for (const key of this.state.refused.keys()) {
      const isCreate = key === this.state.creation?.key;
      this.courier.tally.add(isCreate ? this.#countedAs : "patches", "rejected", 1);
    }
    for (const { spans } of this.state.sessions.values()) {
      for (const stream of STREAMS) {
        for (const { rows } of spans[stream].refused.values()) this.courier.tally.add(stream, "rejected", rows);
      }
    }
  }

  /** Puts back among the pending what the backend refused: creates always, as without them nothing else can go. */
  retry(rowsAndPatches: boolean): void {
    for (const { key, ...operation } of this.state.operations.values()) {
      if (!("create" in operation || rowsAndPatches) || !this.state.refused.delete(key)) continue;
      this.#retried("create" in operation ? this.#countedAs : "patches", 1);
    }
    if (rowsAndPatches) for (const lane of this.lanes()) this.#retried(lane.stream, lane.retryRefused());
  }

  /** Notes the ids of evals and checkpoints that wait for the backend's. */
  expectRowIds(): void {
    for (const [stream, kind] of NAMED) {
      for (const lane of this.lanes([stream])) {
        for (const bytes of lane.pendingLines()) {
          const id = parseRow(bytes)?.id;
          if (typeof id === "string") this.courier.ids.expect(kind, id);
        }
      }
    }
  }

  /** Whether it can be let go: nothing is in flight, and nothing of it is counted as pending. */
  get isIdle(): boolean {
    return this.inFlight.size === 0 && [...this.#pending.values()].every((writes) => writes === 0);
  }

  /** Notes a send that a call waits for, as long as it goes on. */
  async track<Result>(send: Promise<Result>): Promise<Result> {
    this.inFlight.add(send);
    try {
      return await send;
    } finally {
      this.inFlight.delete(send);
    }
  }

  /** Gives back files and locks; another process may then take over. */
  close(): void {
    this.#closeLanes();
    this.#lock?.release();
    this.#lock = undefined;
    this.entity.close();
  }

  #retried(kind: Counted, writes: number): void {
    this.courier.tally.add(kind, "rejected", -writes);
    this.added(kind, writes);
  }

  get #countedAs(): Counted {
    return this.entity.kind === "run" ? "runs" : "experiments";
  }

  #closeLanes(): void {
    for (const lane of this.#lanes.values()) lane.close();
    this.#lanes.clear();
  }

  #learnIds(): void {
    const { kind, id } = this.entity;
    const { ids } = this.courier;
    const { creation, delivered, rowIds } = this.state;
    if (creation !== undefined) ids.expect(kind, id);
    const backendId = creation === undefined ? undefined : delivered.get(creation.key);
    if (backendId !== undefined) ids.learn(kind, id, backendId);
    for (const [row, rowBackendId] of rowIds) for (const [, named] of NAMED) ids.learn(named, row, rowBackendId);
  }
}
