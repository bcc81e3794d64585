import { setImmediate } from "node:timers";
import type { Config } from "../config.js";
import type { Logger } from "../logger.js";
import type { DiskPolicy } from "../store/fsync.js";
import { now } from "../util/clock.js";
import { InFlight } from "../util/in-flight.js";
import { Turns } from "../util/turns.js";
import { BackendConnection } from "./connection.js";
import { drainStep, groupOf, groupsOf } from "./drain-group.js";
import type { EntityOutbox } from "./entity-outbox.js";
import { IdMap } from "./id-map.js";
import { OutageLog } from "./outage-log.js";
import { SEND_ORDER } from "./send-order.js";
import { SendTimer } from "./send-timer.js";
import { UnsettledSteps } from "./unsettled-steps.js";

const ENTITIES_AT_ONCE = 32;

/** Sends the pending writes of a set of entities over one connection, in the send order, and recovers after an outage. */
export class Sender {
  readonly config: Config;
  readonly logger: Logger;
  readonly connection: BackendConnection;
  readonly ids = new IdMap();
  readonly sends = new InFlight();
  /** Timers need a turn now and then: a loop of calls that resolve from the mirror would starve them. */
  readonly turns = new Turns();
  /** Whether this is a sync: it keeps the process alive for the backlog, and decides itself when to drain it. */
  readonly keepsProcessAlive: boolean;
  /** The number of settled writes: a drain that settles none is stuck. */
  progress = 0;
  /** How many batches of one stream may be in flight. */
  concurrency: number;
  /** The entities that have, or may have, a backlog. */
  readonly #backlog = new Set<EntityOutbox>();
  readonly #outages: OutageLog;
  /** In a sync, by group: the mirrors of a run share them. */
  readonly #steps = new Map<string, UnsettledSteps>();
  readonly #logged = new Set<string>();
  #draining: Promise<void> | undefined;
  /** A drain that starts in the next turn of the event loop, so that a call in background delivery need not wait for its work. */
  #nextDrain: NodeJS.Immediate | undefined;
  #isDrainRequested = false;
  readonly #timer = new SendTimer(this);
  #probes = 0;

  /** `destination`: the mirror, for messages; undefined for a sync, which decides itself when to drain. */
  constructor(config: Config, logger: Logger, destination?: string) {
    this.config = config;
    this.logger = logger;
    this.keepsProcessAlive = destination === undefined;
    this.#outages = new OutageLog(logger, config.baseUrl, destination);
    this.concurrency = config.concurrency;
    this.connection = new BackendConnection(config, {
      onDown: (reason) => this.#onDown(reason),
      onUp: () => this.#onUp(),
      onFault: (reason) => this.warnOnce(reason, `Writes cannot be sent from here: ${reason}`),
    });
    this.ids.onLearned = () => this.#onLearned();
  }

  get isOffline(): boolean {
    return this.connection.remote === "offline";
  }

  get isDraining(): boolean {
    return this.#draining !== undefined || this.#nextDrain !== undefined;
  }

  /** The entities that have, or may have, a backlog. */
  get backlog(): ReadonlySet<EntityOutbox> {
    return this.#backlog;
  }

  /** A request has ended, so the event loop has turned, unless a caller's fetch responds without it. */
  noteTurn(): void {
    if (this.config.fetch === undefined) this.turns.note(now());
  }

  /** Adds an entity with a backlog, which is sent as soon as possible, unless a sync decides when. */
  noteBacklog(outbox: EntityOutbox): void {
    if (this.isOffline) return;
    this.#backlog.add(outbox);
    if (!this.keepsProcessAlive) this.requestDrain();
  }

  forget(outbox: EntityOutbox): void {
    this.#backlog.delete(outbox);
  }

  /** The unsettled metrics of a run, which its outbox keeps: new ones, or in a sync those of its group. */
  stepsOf(outbox: EntityOutbox): UnsettledSteps {
    if (!this.keepsProcessAlive) return new UnsettledSteps(true);
    const key = groupOf(outbox);
    const steps = this.#steps.get(key) ?? new UnsettledSteps(false);
    this.#steps.set(key, steps);
    return steps;
  }

  /** When the files of a mirror are flushed to the disk. */
  diskPolicy(root: string): DiskPolicy {
    return { fsync: this.config.fsync, root, warn: (message) => this.logger.warn(message) };
  }

  /** Logs a warning, once for each subject. */
  warnOnce(subject: string, message: string): void {
    if (this.#logged.has(subject)) return;
    this.#logged.add(subject);
    this.logger.warn(message);
  }

  /** Sends what is pending as soon as possible; what is noted while it sends is sent after that. */
  requestDrain(): void {
    if (!this.connection.maySend) this.#timer.schedule();
    else if (this.isDraining) this.#isDrainRequested = true;
    else if (this.config.delivery === "await") void this.drain();
    else {
      this.#nextDrain = setImmediate(() => {
        this.#nextDrain = undefined;
        void this.drain();
      }).unref();
    }
  }

  /** Sends what is due, and resolves when nothing more can be sent now. */
  drain(): Promise<void> {
    this.#draining ??= this.#drainAll().finally(() => {
      this.#draining = undefined;
      if (this.connection.maySend) this.#outages.noteDrained();
      this.#timer.schedule();
    });
    return this.#draining;
  }

  /** Probes the backend with one pending write. If none is pending, the next write is the probe. */
  async probe(): Promise<void> {
    this.#probes += 1;
    // Every other probe is a write that has not been tried: one that hangs must not look like an outage.
    const prefersFresh = this.#probes % 2 === 0;
    for (const step of SEND_ORDER) {
      for (const outbox of this.#backlog) if (await outbox.pump.probe(step, prefersFresh)) return;
    }
    this.connection.closeCircuit();
  }

  /** Sends nothing more of the backlog. */
  stop(): void {
    this.connection.stop();
    this.#timer.stop();
  }

  async #drainAll(): Promise<void> {
    // A short delay, so that the rows of all calls of this tick are sent together.
    await Promise.resolve();
    for (;;) {
      this.#isDrainRequested = false;
      const begunAt = now();
      const before = this.progress;
      for (const step of SEND_ORDER) {
        const due = groupsOf(this.#backlog).filter((group) => group.some((outbox) => outbox.hasBacklog(step)));
        const groups = due.values();
        const work = async (): Promise<void> => {
          for (const group of groups) await drainStep(group, step, begunAt);
        };
        await Promise.all(Array.from({ length: ENTITIES_AT_ONCE }, work));
      }
      for (const outbox of this.#backlog) if (outbox.isIdle) this.#backlog.delete(outbox);
      const isStuck = this.progress === before && !this.#isDrainRequested;
      if (isStuck || this.#backlog.size === 0 || !this.connection.maySend) return;
    }
  }

  #onLearned(): void {
    if (this.#backlog.size === 0) return;
    for (const outbox of this.#backlog) {
      outbox.pump.endLookups();
      outbox.pump.run();
    }
    if (!this.keepsProcessAlive) this.requestDrain();
  }

  #onDown(reason: string): void {
    this.#timer.startOver();
    this.#outages.noteDown(reason);
    this.#timer.schedule();
  }

  #onUp(): void {
    this.#timer.startOver();
    let pending = 0;
    for (const outbox of this.#backlog) pending += outbox.pending;
    this.#outages.noteUp(pending);
  }
}
