import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { isSafeId } from "../api/ids.js";
import { ID_KIND_OF } from "../api/routes.js";
import { EntityStore } from "../journal/entity-store.js";
import { segmentsOf } from "../journal/segment.js";
import { SyncLog } from "../journal/sync-log.js";
import { sizeOf } from "../store/files.js";
import { entityFolder, folderOf, segmentName } from "../store/paths.js";
import { parseRow } from "../store/rows.js";
import { now } from "../util/clock.js";
import { toError } from "../util/thrown.js";
import type { IdMap } from "./id-map.js";
import { learnIds } from "./journal-state.js";

const MAX_STALL_MS = 5;

/** Looks up evals and checkpoints that other processes logged to other runs of a mirror, without blocking the event loop. */
export class RowIdLookup {
  readonly #root: string;
  readonly #ids: IdMap;
  readonly #isOpen: (runId: string) => boolean;
  readonly #onError: (error: Error) => void;
  /** By run: the signature of its files at the last lookup. */
  readonly #read = new Map<string, string>();
  #running: Promise<void> | undefined;

  constructor(root: string, ids: IdMap, isOpen: (runId: string) => boolean, onError: (error: Error) => void) {
    this.#root = root;
    this.#ids = ids;
    this.#isOpen = isOpen;
    this.#onError = onError;
  }

  /** Adds to the map all ids in runs that are not open and have changed since the last lookup. */
  run(): Promise<void> {
    this.#running ??= this.#readRuns()
      .catch((error: unknown) => this.#onError(toError(error)))
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #readRuns(): Promise<void> {
    const names = await readdir(folderOf(this.#root, "run")).catch(() => []);
    let turnedAt = now();
    for (const runId of names) {
      if (!isSafeId(runId) || this.#isOpen(runId)) continue;
      this.#readRun(runId);
      if (now() - turnedAt < MAX_STALL_MS) continue;
      await nextTurn();
      turnedAt = now();
    }
  }

  #readRun(runId: string): void {
    const folder = entityFolder(this.#root, "run", runId);
    if (!SyncLog.existsIn(folder)) return;
    const files = [
      segmentName("evals", 1),
      segmentName("checkpoints", 1),
      "sync/acks.log",
      "sync/ops.jsonl",
      "sync/ops.2.jsonl",
    ];
    const signature = files.map((name) => sizeOf(join(folder, name))).join(" ");
    if (this.#read.get(runId) === signature) return;
    this.#read.set(runId, signature);
    const store = new EntityStore(this.#root, "run", runId);
    learnIds(store, this.#ids);
    expectRowIds(store, this.#ids);
    store.close();
  }
}

/** Adds the ids of evals and checkpoints that are not delivered. */
function expectRowIds(store: EntityStore, ids: IdMap): void {
  for (const segment of segmentsOf(store, ["checkpoints", "evals"])) {
    const kind = ID_KIND_OF[segment.stream];
    for (const { bytes } of segment.openLines(0)) {
      const id = parseRow(bytes.toString())?.id;
      if (kind !== undefined && typeof id === "string") ids.expect(kind, id);
    }
    segment.close();
  }
}
