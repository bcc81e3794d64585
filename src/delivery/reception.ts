import type { DashboardClientError } from "../errors.js";
import type { Refusal } from "../mirror/sync-lines.js";
import type { SyncLog } from "../mirror/sync-log.js";
import { FORBIDDEN } from "./courier.js";

/** How the backend receives what comes for one entity. */
export class Reception {
  readonly #log: SyncLog;
  #isParked = false;
  #forbidden: DashboardClientError | undefined;
  #isConfirmed = false;

  constructor(log: SyncLog) {
    this.#log = log;
  }

  /** Whether nothing of the folder need be tried for now: there is no such entity, or the key may not write to it. */
  get isHeldBack(): boolean {
    return this.#isParked || this.isForbidden;
  }

  /** Whether the backend said that the key may not write to the entity. */
  get isForbidden(): boolean {
    return this.#forbidden !== undefined;
  }

  /**
   * Takes a 404: whether it means the entity itself. A write that names other things may be refused for their sake, once
   * the backend is known to have the entity.
   */
  isParkedBy({ status, reason, body }: Omit<Refusal, "at">, namesOthers: boolean): boolean {
    if (namesOthers && this.#isConfirmed) return false;
    this.#isParked = true;
    this.#log.park({ status, reason, body, at: Date.now() / 1000 });
    return true;
  }

  /** What the backend said of a key that may not write to the entity. */
  get obstacle(): DashboardClientError | undefined {
    return this.#forbidden;
  }

  /** Takes an answer that blocks: of a key that may not write here, only this folder is held back. */
  blockedBy(obstacle: DashboardClientError): void {
    this.#forbidden = obstacle.status === FORBIDDEN ? obstacle : undefined;
  }

  /** The backend has taken something for the entity. */
  confirm(): void {
    this.#isConfirmed = true;
    this.#forbidden = undefined;
    this.#isParked = false;
    this.#log.park(null);
  }

  /** The entity may be there by now: a new process or sync asks again. */
  unpark(): void {
    this.#isParked = false;
  }

  /** The key may write here by now: it is asked again after a while. */
  forgive(): void {
    this.#forbidden = undefined;
  }
}
