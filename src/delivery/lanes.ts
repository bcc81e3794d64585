import type { EntityFolder } from "../mirror/entity.js";
import { parseRow } from "../mirror/rows.js";
import type { EntityKind, StreamName } from "../operations.js";
import type { IdMap } from "./id-map.js";
import { RowLane } from "./row-lane.js";

/** The streams of a run, those first that others name. */
export const STREAMS: readonly StreamName[] = ["checkpoints", "evals", "metrics", "predictions"];

/** What the ids of a stream's rows stand for, where other rows name them. */
export const NAMED_IN: Partial<Record<StreamName, EntityKind>> = { checkpoints: "checkpoint", evals: "eval" };

/** The lanes of a folder: one for each stream of each writer. */
export class Lanes {
  readonly #entity: EntityFolder;
  readonly #concurrency: number;
  readonly #lanes = new Map<string, RowLane>();
  #opening: number | undefined;

  constructor(entity: EntityFolder, concurrency: number) {
    this.#entity = entity;
    this.#concurrency = concurrency;
  }

  /** The lane of one file. */
  of(stream: StreamName, slot: number): RowLane {
    if (this.#opening !== this.#entity.openings) this.close();
    this.#opening = this.#entity.openings;
    const key = `${stream} ${slot}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane = new RowLane(this.#entity, stream, slot, slot === this.#entity.slot, this.#concurrency);
    this.#lanes.set(key, lane);
    return lane;
  }

  /** The lanes of all writers' files of some streams. */
  all(streams: readonly StreamName[] = STREAMS): RowLane[] {
    if (this.#entity.kind === "experiment") return [];
    const slots = new Set([...this.#entity.log.state.sessions.values()].map(({ slot }) => slot));
    return [...slots].flatMap((slot) => streams.map((stream) => this.of(stream, slot)));
  }

  /** Notes the ids of evals and checkpoints that wait for the backend's. */
  expectIds(ids: IdMap): void {
    for (const lane of this.all()) {
      const kind = NAMED_IN[lane.stream];
      if (kind === undefined) continue;
      for (const text of lane.pendingLines()) {
        const id = parseRow(text)?.id;
        if (typeof id === "string") ids.expect(kind, id);
      }
    }
  }

  close(): void {
    for (const lane of this.#lanes.values()) lane.close();
    this.#lanes.clear();
  }
}
