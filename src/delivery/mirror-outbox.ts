import { clearInterval, setInterval } from "node:timers";
import { isSafeId } from "../api/ids.js";
import type { EntityKind } from "../api/routes.js";
import type { Config } from "../config.js";
import { EvsysError } from "../errors.js";
import type { Outcome } from "../http/outcome.js";
import type { NewEntity } from "../journal/entity-store.js";
import { SyncLog } from "../journal/sync-log.js";
import { entityFolder, type FolderKind } from "../store/paths.js";
import { now } from "../util/clock.js";
import { toError } from "../util/thrown.js";
import { EntityOutbox } from "./entity-outbox.js";
import { registerCreate } from "./register.js";
import { requeueAttempted } from "./requeue.js";
import { RowIdLookup } from "./row-id-lookup.js";
import type { Scope } from "./scope.js";
import { Sender } from "./sender.js";

const POLL_EVERY_MS = 1_000;
const MAX_STALL_MS = 5;
/** Maximum number of idle entities that stay open. */
const MAX_OPEN = 10_000;

/** The outboxes of the experiments and runs of one mirror that this process writes to, over one connection. */
export class MirrorOutbox {
  readonly root: string;
  /** The mirror's folder, links resolved. */
  readonly path: string;
  readonly sender: Sender;
  readonly #entities = { experiment: new Map<string, EntityOutbox>(), run: new Map<string, EntityOutbox>() };
  readonly #scopes = new Set<Scope>();
  readonly #rowIds: RowIdLookup;
  readonly #ofProcess: ReadonlySet<MirrorOutbox>;
  #polling: NodeJS.Timeout | undefined;
  #unpolled: EntityOutbox[] = [];

  /** `ofProcess`: all outboxes of the process. */
  constructor(
    config: Config,
    logger: Sender["logger"],
    root: string,
    path: string,
    ofProcess: ReadonlySet<MirrorOutbox>,
  ) {
    this.root = root;
    this.path = path;
    this.sender = new Sender(config, logger, root);
    this.#ofProcess = ofProcess;
    const { ids } = this.sender;
    this.#rowIds = new RowIdLookup(
      root,
      ids,
      (runId) => this.#entities.run.has(runId),
      (error) => this.#announce(error),
    );
    ids.lookUp = (kind, id) => this.#lookUp(kind, id);
  }

  *all(): Generator<EntityOutbox> {
    yield* this.#entities.experiment.values();
    yield* this.#entities.run.values();
  }

  addScope(scope: Scope): void {
    this.#scopes.add(scope);
  }

  /** Returns whether no client uses the outbox any more. */
  removeScope(scope: Scope): boolean {
    this.#scopes.delete(scope);
    return this.#scopes.size === 0;
  }

  /** The outbox of an entity, open for writing. */
  open(kind: FolderKind, id: string, scope: Scope): EntityOutbox {
    const known = this.#entities[kind].get(id);
    const outbox = known ?? this.#add(kind, id, scope, (added) => added.store.open());
    if (!this.sender.isOffline && !outbox.lease.checkHeld() && this.#isSentElsewhere(kind, id)) {
      throw new EvsysError(
        `Another client of this process is sending the ${kind} ${id}, with another base URL or key. Use one client for it, or give each its own logDir.`,
      );
    }
    return outbox;
  }

  /** The outbox of a new entity: created by the backend with its id, or offline, with the key of the create as its id. */
  create(kind: FolderKind, id: string, created: NewEntity, scope: Scope, outcome: Outcome | undefined): void {
    const register = (to: EntityOutbox): void => registerCreate(to, created, scope, outcome?.kind === "delivered");
    // A backend may return one entity for two creates.
    const known = this.#entities[kind].get(id);
    if (known !== undefined) register(known);
    const outbox = known ?? this.#add(kind, id, scope, register);
    // Last, because a new outbox counts its operations anew when it acquires the lease.
    if (outcome?.kind === "unavailable") requeueAttempted(outbox, created.key, outcome);
  }

  /** Polls all entities for what other processes wrote. */
  poll(): void {
    for (const outbox of this.all()) this.#pollOne(outbox);
  }

  close(): void {
    clearInterval(this.#polling);
    for (const outbox of this.all()) outbox.close();
    this.#entities.experiment.clear();
    this.#entities.run.clear();
  }

  #add(kind: FolderKind, id: string, scope: Scope, begin: (outbox: EntityOutbox) => void): EntityOutbox {
    if (this.#entities[kind].size >= MAX_OPEN) this.#closeIdle(kind);
    const outbox = new EntityOutbox(this.sender, this.root, kind, id, scope);
    try {
      begin(outbox);
      if (!this.sender.isOffline) outbox.takeLease();
    } catch (error) {
      outbox.close();
      throw error;
    }
    this.#entities[kind].set(id, outbox);
    if (!this.sender.isOffline) this.#polling ??= setInterval(() => this.#pollSome(), POLL_EVERY_MS).unref();
    return outbox;
  }

  /** Whether this process sends for an entity over another connection. */
  #isSentElsewhere(kind: FolderKind, id: string): boolean {
    return [...this.#ofProcess].some(
      (one) => one !== this && one.path === this.path && one.#entities[kind].get(id)?.lease.checkHeld() === true,
    );
  }

  #closeIdle(kind: FolderKind): void {
    for (const [id, outbox] of this.#entities[kind]) {
      if (!outbox.isIdle) continue;
      outbox.close();
      this.sender.forget(outbox);
      this.#entities[kind].delete(id);
      return;
    }
  }

  #lookUp(kind: EntityKind, id: string): Promise<void> | undefined {
    if (this.sender.isOffline || !isSafeId(id)) return undefined;
    if (kind === "eval" || kind === "checkpoint") return this.#rowIds.run();
    if (this.#entities[kind].has(id)) return undefined;
    const [owner] = this.#scopes;
    if (owner !== undefined && SyncLog.existsIn(entityFolder(this.root, kind, id)))
      this.#add(kind, id, owner, () => {});
    return undefined;
  }

  /** Polls a part of the entities: other processes may have written to them, or have died with their lease. */
  #pollSome(): void {
    const until = now() + MAX_STALL_MS;
    if (this.#unpolled.length === 0) this.#unpolled = [...this.all()];
    for (let outbox = this.#unpolled.pop(); outbox !== undefined; outbox = this.#unpolled.pop()) {
      this.#pollOne(outbox);
      if (now() >= until) break;
    }
  }

  #pollOne(outbox: EntityOutbox): void {
    try {
      outbox.poll();
    } catch (error) {
      // A folder that cannot be read must not block the others.
      this.#announce(toError(error));
    }
  }

  #announce(error: Error): void {
    for (const scope of this.#scopes) scope.announce(error);
  }
}
