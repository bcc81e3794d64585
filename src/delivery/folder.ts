import { EntityFolder } from "../mirror/entity.js";
import { type Holder, isLock, type Lock, SENDER_LOCK, takeLock } from "../mirror/lock.js";
import type { FolderKind } from "../mirror/paths.js";
import type { Operation, SyncState } from "../mirror/sync-state.js";
import { Account } from "./account.js";
import type { Courier } from "./courier.js";
import { Gate } from "./gate.js";
import { Lanes, NAMED_IN, STREAMS } from "./lanes.js";
import { Reception } from "./reception.js";
import type { Counted } from "./report.js";

/** One experiment or run on its way to the backend: its files, and what this process knows and may do of their sending. */
export class Folder {
  readonly entity: EntityFolder;
  readonly courier: Courier;
  readonly lanes: Lanes;
  readonly account: Account;
  readonly reception: Reception;
  /** What its create is counted as. */
  readonly countedAs: Counted;
  /** The create and the patches go out one by one, in the order they were made. */
  readonly operationGate = new Gate(1);
  /** Patches that a call is about to send. */
  readonly claimedPatches = new Set<string>();
  /** Calls that are under way: their rows and patches come before those of later calls. */
  readonly inFlight = new Set<Promise<unknown>>();
  #lock: Lock | undefined;
  #holder: Holder | undefined;
  #hasCountedRefused = false;

  constructor(root: string, kind: FolderKind, id: string, courier: Courier) {
    this.entity = new EntityFolder(root, kind, id, courier.config.fsync);
    this.courier = courier;
    this.lanes = new Lanes(this.entity, courier.config.concurrency);
    this.account = new Account(courier.tally);
    this.reception = new Reception(this.entity.log);
    this.countedAs = kind === "run" ? "runs" : "experiments";
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

  /** The entity's id as the backend knows it; undefined while it does not. */
  get backendId(): string | undefined {
    return this.isKnown ? this.courier.ids.resolve(this.entity.kind, this.entity.id) : undefined;
  }

  /** Whether it can be let go: nothing is under way, and nothing of it is for this process to send. */
  get isIdle(): boolean {
    const isOthers = this.courier.remote === "offline" || !this.isInCharge;
    return this.inFlight.size === 0 && (isOthers || this.account.isEmpty);
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
    this.reception.unpark();
    this.#reload();
    this.count();
    return true;
  }

  /** Takes in what other processes wrote to the folder, or, where one of them sends for it, what it achieved. */
  refresh(): void {
    if (this.isInCharge) {
      const operations = this.state.operations.size;
      this.entity.log.refresh();
      this.account.added("patches", this.state.operations.size - operations);
      for (const lane of this.lanes.all()) {
        if (lane.slot !== this.entity.slot) this.account.added(lane.stream, lane.look());
      }
      this.lanes.expectIds(this.courier.ids);
    } else if (!this.takeCharge()) {
      this.#reload();
      this.count();
    }
  }

  /** The creates or patches that the backend has neither taken nor refused, in their order, and that no call is about to send. */
  waiting(kind: "create" | "patch"): Operation[] {
    return this.state.waiting.filter((one) => kind in one && !this.claimedPatches.has(one.key));
  }

  /** Whether it is the one to go out next: a create, or the first of the patches. */
  isNext(operation: Operation): boolean {
    return "create" in operation || this.state.waiting.find((one) => "patch" in one) === operation;
  }

  /** Whether the backend has neither taken nor refused it. */
  isWaiting(operation: Operation): boolean {
    return this.state.waiting.includes(operation);
  }

  /** Mirrors a create: of the backend's making, or to be sent under its key, which is then the id. */
  created(key: string, fields: Readonly<Record<string, unknown>>, isDelivered: boolean): void {
    this.entity.create(key, fields, isDelivered ? this.entity.id : undefined);
    this.account.added(this.countedAs, 1);
    if (isDelivered) this.account.settle(this.countedAs, "delivered", 1);
    this.#learnIds();
  }

  /** Counts what is pending and what was refused, and notes the ids that wait for the backend's. */
  count(): void {
    this.account.reset();
    this.account.added(this.countedAs, this.waiting("create").length);
    this.account.added("patches", this.waiting("patch").length);
    for (const lane of this.lanes.all()) this.account.added(lane.stream, lane.look());
    this.lanes.expectIds(this.courier.ids);
    if (!this.#hasCountedRefused) this.#countRefused();
    this.#hasCountedRefused = true;
  }

  /** Puts back among the pending what the backend refused: creates always, as without them nothing else can go. */
  retry(rowsAndPatches: boolean): void {
    for (const operation of this.state.operations.values()) {
      const isCreate = "create" in operation;
      if (!(isCreate || rowsAndPatches) || !this.state.retry(operation)) continue;
      this.account.retried(isCreate ? this.countedAs : "patches", 1);
    }
    if (!rowsAndPatches) return;
    for (const lane of this.lanes.all()) this.account.retried(lane.stream, lane.retryRefused());
  }

  /** Notes the work of a call, as long as it goes on. */
  async track<Result>(send: Promise<Result>): Promise<Result> {
    this.inFlight.add(send);
    return send.finally(() => this.inFlight.delete(send));
  }

  /** Gives back files and locks; another process may then take over. */
  close(): void {
    this.lanes.close();
    this.#lock?.release();
    this.#lock = undefined;
    this.entity.close();
  }

  /** Reads the sync log anew: another process may have written acknowledgements. */
  #reload(): void {
    this.entity.load();
    this.lanes.close();
    this.#learnIds();
  }

  #learnIds(): void {
    const { kind, id } = this.entity;
    const { ids } = this.courier;
    const { creation, delivered, rowIds } = this.state;
    if (creation !== undefined) ids.expect(kind, id);
    const backendId = creation === undefined ? undefined : delivered.get(creation.key);
    if (backendId !== undefined) ids.learn(kind, id, backendId);
    for (const [row, rowBackendId] of rowIds) {
      for (const named of Object.values(NAMED_IN)) ids.learn(named, row, rowBackendId);
    }
  }

  #countRefused(): void {
    const { tally } = this.courier;
    for (const key of this.state.refused.keys()) {
      tally.add(key === this.state.creation?.key ? this.countedAs : "patches", "rejected", 1);
    }
    for (const { spans } of this.state.sessions.values()) {
      for (const stream of STREAMS) {
        for (const { rows } of spans[stream].refused.values()) tally.add(stream, "rejected", rows);
      }
    }
  }
}
