import type { DashboardClientError } from "../errors.js";
import type { Rejection } from "../journal/sync-lines.js";
import type { SyncLog } from "../journal/sync-log.js";

const FORBIDDEN = 403;

/** What the backend's responses tell of one entity: whether it knows it, and whether the key may write to it. */
export class EntityHealth {
  readonly #log: SyncLog;
  #isParked = false;
  #isConfirmed = false;
  #forbidden: DashboardClientError | undefined;

  constructor(log: SyncLog) {
    this.#log = log;
  }

  /** Whether the backlog of the entity stays where it is for now. */
  get isPaused(): boolean {
    return this.#isParked || this.isForbidden;
  }

  /** Whether the backend said that the key may not write to the entity. */
  get isForbidden(): boolean {
    return this.#forbidden !== undefined;
  }

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

  /** Takes a response that blocks. If the key may not write here, only this entity is held. */
  block(error: DashboardClientError): void {
    this.#forbidden = error.status === FORBIDDEN ? error : undefined;
  }

  /** The backend has taken something for the entity. */
  confirm(): void {
    this.#isConfirmed = true;
    this.#forbidden = undefined;
    this.#isParked = false;
    this.#log.park(null);
  }

  /** The backend may know the entity by now, and the key may write to it: the next send asks again. */
  release(unparks: boolean): void {
    this.#forbidden = undefined;
    if (unparks) this.#isParked = false;
  }
}
