import type { DashboardClientError } from "../errors.js";
import type { Rejection } from "../journal/sync-lines.js";
import type { SyncLog } from "../journal/sync-log.js";

const FORBIDDEN = 403;

/** Whether the backend knows one entity, and whether the key may write to it, as its responses show. */
export class EntityHealth {
  readonly #log: SyncLog;
  #isParked = false;
  #isConfirmed = false;
  #forbidden: DashboardClientError | undefined;

  constructor(log: SyncLog) {
    this.#log = log;
  }

  /** Whether the backlog of the entity is paused. */
  get isPaused(): boolean {
    return this.#isParked || this.#forbidden !== undefined;
  }

  /** The backend's response that the key may not write to the entity; undefined if there is none. */
  get forbidden(): DashboardClientError | undefined {
    return this.#forbidden;
  }

  /**
   * Takes a 404 and returns whether it means the entity itself. A write that names other entities may be rejected because
   * of them, once the backend is known to have this one.
   */
  park(rejection: Rejection, namesOthers: boolean): boolean {
    if (namesOthers && this.#isConfirmed) return false;
    this.#isParked = true;
    this.#log.park(rejection);
    return true;
  }

  /** Records a response that blocks. If the key may not write to this entity, only this entity is paused. */
  block(error: DashboardClientError): void {
    this.#forbidden = error.status === FORBIDDEN ? error : undefined;
  }

  /** The backend has accepted a write of the entity. */
  confirm(): void {
    this.#isConfirmed = true;
    this.#forbidden = undefined;
    this.#isParked = false;
    this.#log.park(null);
  }

  /** Unpauses the entity: the backend may know it by now, and the key may write to it. */
  release(unparks: boolean): void {
    this.#forbidden = undefined;
    if (unparks) this.#isParked = false;
  }
}
