import { isSafeId } from "../ids.js";
import type { FolderKind } from "../mirror/paths.js";
import { entityFolder } from "../mirror/paths.js";
import type { LocalExperimentStore } from "../mirror/store.js";
import { SyncLog } from "../mirror/sync-log.js";
import type { EntityKind } from "../operations.js";
import type { Courier } from "./courier.js";
import { Folder } from "./folder.js";

const MOST_OPEN = 64;

type Row = Readonly<Record<string, unknown>>;

/** The experiments and runs that a client has open. */
export class Folders {
  readonly #store: LocalExperimentStore;
  readonly #courier: Courier;
  readonly #open = { experiment: new Map<string, Folder>(), run: new Map<string, Folder>() };

  constructor(store: LocalExperimentStore, courier: Courier) {
    this.#store = store;
    this.#courier = courier;
    courier.ids.discover = (kind, id) => this.#discover(kind, id);
  }

  *all(): Iterable<Folder> {
    yield* this.#open.experiment.values();
    yield* this.#open.run.values();
  }

  /** The folder of an entity that is new: made by the backend under its id, or else here, where the id is the key of the create. */
  make(kind: FolderKind, id: string, key: string, fields: Row, isDelivered: boolean): Folder {
    const known = this.#open[kind].get(id);
    if (known === undefined) return this.#add(kind, id, (folder) => folder.created(key, fields, isDelivered));
    // A backend may answer two creates with one entity.
    known.created(key, fields, isDelivered);
    return known;
  }

  /** The folder of an entity, open for writing, and in this process's charge where nobody else sends for it. */
  open(kind: FolderKind, id: string): Folder {
    return this.#open[kind].get(id) ?? this.#add(kind, id, (folder) => folder.entity.open());
  }

  /** Takes in what other processes did. */
  refresh(): void {
    for (const folder of this.all()) {
      try {
        folder.refresh();
      } catch (error) {
        // One folder that cannot be read must not keep the others back.
        if (error instanceof Error) this.#courier.announce(error);
      }
    }
  }

  close(): void {
    for (const folder of this.all()) folder.close();
    this.#open.experiment.clear();
    this.#open.run.clear();
  }

  #discover(kind: EntityKind, id: string): void {
    if (!isSafeId(id)) return;
    if (kind === "experiment" || kind === "run") {
      if (SyncLog.existsIn(entityFolder(this.#store.root, kind, id))) this.open(kind, id);
      return;
    }
    // An eval or a checkpoint that another process logged to another run: rare enough to look everywhere.
    for (const runId of this.#store.ids("run")) {
      if (this.#open.run.has(runId) || !SyncLog.existsIn(entityFolder(this.#store.root, "run", runId))) continue;
      new Folder(this.#store.root, "run", runId, this.#courier).lanes.expectIds(this.#courier.ids);
    }
    this.refresh();
  }

  #add(kind: FolderKind, id: string, begin: (folder: Folder) => void): Folder {
    if (this.#open.experiment.size + this.#open.run.size >= MOST_OPEN) this.#letOneGo();
    const folder = new Folder(this.#store.root, kind, id, this.#courier);
    begin(folder);
    if (this.#courier.remote !== "offline") folder.takeCharge();
    this.#open[kind].set(id, folder);
    return folder;
  }

  #letOneGo(): void {
    for (const folder of this.all()) {
      if (!folder.isIdle) continue;
      folder.close();
      this.#open[folder.entity.kind].delete(folder.entity.id);
      return;
    }
  }
}
