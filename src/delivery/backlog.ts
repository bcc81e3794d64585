import type { Courier } from "./courier.js";
import type { Folder } from "./folder.js";
import type { Outcome } from "./outcome.js";
import { drain, hasBacklog, RANKS, type Rank, sendOne } from "./ranks.js";

const FIRST_PROBE_MS = 1_000;
const LAST_PROBE_MS = 60_000;
const FOLDERS_AT_ONCE = 32;

/**
 * Sends what is pending in a set of folders, in the order of the ranks, and goes on when the backend is back: after an
 * outage it probes with the oldest pending write, a second later at first, then at doubling intervals.
 */
export class Backlog {
  readonly #courier: Courier;
  readonly #folders: () => Iterable<Folder>;
  #draining: Promise<void> | undefined;
  #isAskedAgain = false;
  #probing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #progress = 0;

  constructor(courier: Courier, folders: () => Iterable<Folder>) {
    this.#courier = courier;
    this.#folders = folders;
  }

  /** Whether it is sending now. */
  get isDraining(): boolean {
    return this.#draining !== undefined;
  }

  /** Sends what is pending as soon as may be; what is asked for while it sends is done after that. */
  kick(): void {
    if (this.#courier.maySend) {
      this.#isAskedAgain = true;
      void this.drain();
    } else {
      this.#schedule();
    }
  }

  /** Sends what is pending now, and returns when nothing more can be sent. */
  drain(): Promise<void> {
    this.#draining ??= this.#drainAll()
      .finally(() => {
        this.#draining = undefined;
        if (this.#hasBacklog()) this.#schedule();
      })
      .catch((error: Error) => this.#courier.announce(error));
    return this.#draining;
  }

  /** Asks the backend with one pending write whether it is back; if it is, the rest follows. Where nothing is pending the next write will tell. */
  probe(): Promise<void> {
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  stop(): void {
    this.#courier.stop();
    clearTimeout(this.#timer);
  }

  async #probe(): Promise<void> {
    const patience = { ...this.#courier.unawaited, maxRetries: 0 };
    for (const rank of RANKS) {
      for (const folder of this.#folders()) {
        // Every other time with one that has not been tried: one that hangs must not pass for a backend that is away.
        const outcome = await sendOne(folder, rank, this.#failures % 2 === 1, patience);
        if (outcome === undefined) continue;
        this.#note(outcome);
        if (outcome.kind === "pending") this.#failures += 1;
        return;
      }
    }
    this.#courier.assumeUp();
  }

  async #drainAll(): Promise<void> {
    // A moment for the calls of this tick: their rows then go out together.
    await Promise.resolve();
    for (;;) {
      this.#isAskedAgain = false;
      const before = this.#progress;
      for (const rank of RANKS) await this.#drainRank(rank);
      const isStuck = this.#progress === before && !this.#isAskedAgain;
      if (isStuck || !this.#courier.maySend || !this.#hasBacklog()) return;
    }
  }

  async #drainRank(rank: Rank): Promise<void> {
    const folders = [...this.#folders()].filter((folder) => hasBacklog(folder, rank)).values();
    const work = async (): Promise<void> => {
      for (const folder of folders) await drain(folder, rank, (outcome) => this.#note(outcome));
    };
    await Promise.all(Array.from({ length: FOLDERS_AT_ONCE }, work));
  }

  #note(outcome: Outcome): void {
    if (outcome.kind === "pending") return;
    if (outcome.kind === "raised") this.#courier.announce(outcome.error);
    if (outcome.kind === "raised" && outcome.error.pending) return;
    this.#failures = 0;
    this.#progress += 1;
  }

  #hasBacklog(): boolean {
    for (const folder of this.#folders()) {
      if (folder.reception.isForbidden || RANKS.some((rank) => hasBacklog(folder, rank))) return true;
    }
    return false;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#courier.isStopped || this.#courier.remote === "offline") return;
    const waitMs = Math.min(LAST_PROBE_MS, FIRST_PROBE_MS * 2 ** this.#failures) * (0.5 + Math.random() / 2);
    const again = () =>
      this.#again().catch((error: Error) => {
        this.#courier.announce(error);
        this.#schedule();
      });
    this.#timer = setTimeout(again, Math.max(waitMs, this.#courier.restMs)).unref();
  }

  async #again(): Promise<void> {
    this.#timer = undefined;
    for (const folder of this.#folders()) folder.reception.forgive();
    if (!this.#courier.maySend) await this.probe();
    else this.#failures += 1;
    if (this.#courier.maySend) await this.drain();
    else this.#schedule();
  }
}
