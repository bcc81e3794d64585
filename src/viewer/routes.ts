import { EvsysError } from "../errors.js";
import { entityFolder } from "../store/paths.js";
import { readRows } from "../store/rows.js";
import { hasRun, readExperiment, readRun } from "../store/run-catalog.js";
import type { CurveData, DeliveryState, RunDetail } from "./api-types.js";
import { jsonSafeFields, toJsonSafe } from "./json-safe.js";
import { predictionPage } from "./prediction-pages.js";
import { RunIndex } from "./run-index.js";
import { RunLister } from "./run-list.js";

const MAX_INDEXES = 32;
const MAX_SERIES = 200;
const MAX_ROWS = 10_000;
const MAX_PREDICTIONS = 100;
const MAX_WIDTH = 4_000;

/** A request for something that does not exist. */
export class NotFound extends EvsysError {}

/** Returns the undelivered writes of a run. */
export type DeliveryOf = (root: string, id: string) => DeliveryState;

/** The viewer's API for the browser. All routes are read-only. */
export class ViewerRoutes {
  readonly #roots: readonly string[];
  readonly #lister: RunLister;
  readonly #deliveryOf: DeliveryOf;
  /** In order of use, the most recent last. */
  readonly #indexes = new Map<string, RunIndex>();

  constructor(roots: readonly string[], deliveryOf: DeliveryOf) {
    this.#roots = roots;
    this.#deliveryOf = deliveryOf;
    this.#lister = new RunLister(roots);
  }

  /**
   * The response for a path below /api/ and its parameters.
   * @throws NotFound for an unknown path, run or mirror.
   */
  async respond(path: string, parameters: URLSearchParams): Promise<unknown> {
    const text = (name: string): string => parameters.get(name) ?? "";
    switch (path) {
      case "runs":
        return this.#lister.list(text("series"));
      case "delivery":
        return Object.fromEntries(
          parameters.getAll("run").map((key): [string, DeliveryState] => [key, this.#deliveryOf(...this.#place(key))]),
        );
      case "run":
        return this.#detail(text("run"));
      case "versions":
        return this.#versions(parameters.getAll("run"));
      case "series":
        return (await this.#index(text("run"))).series(text("search"), number(parameters, "most", MAX_SERIES));
      case "curve":
        return this.#curve(text("run"), parameters);
      case "evals":
      case "checkpoints":
        return this.#rows(text("run"), path);
      case "predictions":
        return predictionPage(this.#folder(text("run")), text("search"), text("from"), MAX_PREDICTIONS / 2);
      default:
        throw new NotFound(`There is no page ${path}.`);
    }
  }

  /** Reads all metrics of a run, so that no curve is drawn from samples. */
  async readAll(key: string): Promise<void> {
    await (await this.#index(key)).readAll();
  }

  async #curve(key: string, parameters: URLSearchParams): Promise<CurveData> {
    const index = await this.#index(key);
    const width = number(parameters, "width", MAX_WIDTH);
    const from = Number(parameters.get("from") ?? Number.NEGATIVE_INFINITY);
    const to = Number(parameters.get("to") ?? Number.POSITIVE_INFINITY);
    if (parameters.get("version") === index.version) return { parts: [], read: 1, version: index.version };
    return index.curves(parameters.get("series") ?? "", { from, to, width });
  }

  /** A version per run that changes when the run has new rows. Deleted runs have none. */
  async #versions(keys: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const versions: [string, string][] = [];
    for (const key of keys) {
      const [root, id] = placeOf(this.#roots, key);
      if (root !== undefined && hasRun(root, id)) versions.push([key, (await this.#index(key)).version]);
    }
    return Object.fromEntries(versions);
  }

  #detail(key: string): RunDetail {
    const [root, id] = this.#place(key);
    const { document, experimentId, problem } = readRun(root, id);
    const experiment = experimentId === undefined ? undefined : readExperiment(root, experimentId);
    return { run: jsonSafeFields(document ?? { problem }), experiment: jsonSafeFields(experiment ?? {}) };
  }

  #rows(key: string, stream: "evals" | "checkpoints"): unknown {
    const rows: unknown[] = [];
    let skippedLines = 0;
    for (const row of readRows(this.#folder(key), stream, () => (skippedLines += 1))) {
      if (rows.length === MAX_ROWS) break;
      rows.push(toJsonSafe(row));
    }
    return { rows, skippedLines };
  }

  async #index(key: string): Promise<RunIndex> {
    const folder = this.#folder(key);
    const index = this.#indexes.get(key) ?? new RunIndex(folder);
    this.#indexes.delete(key);
    this.#indexes.set(key, index);
    for (const [oldest, evicted] of this.#indexes) {
      if (this.#indexes.size <= MAX_INDEXES) break;
      evicted.close();
      this.#indexes.delete(oldest);
    }
    await index.refresh();
    return index;
  }

  #folder(key: string): string {
    const [root, id] = this.#place(key);
    return entityFolder(root, "run", id);
  }

  /** The mirror and the id of a run's key. */
  #place(key: string): [root: string, id: string] {
    const [root, id] = placeOf(this.#roots, key);
    if (root === undefined || !hasRun(root, id)) {
      throw new NotFound("This run is not in the mirror.");
    }
    return [root, id];
  }
}

/** The mirror and the id of a run's key; the mirror is undefined if it does not exist. */
function placeOf(roots: readonly string[], key: string): [root: string | undefined, id: string] {
  const slash = key.indexOf("/");
  return [slash < 1 ? undefined : roots[Number(key.slice(0, slash))], key.slice(slash + 1)];
}

/** A positive integer, with its maximum as the default. */
function number(parameters: URLSearchParams, name: string, most: number): number {
  const value = Number(parameters.get(name) ?? most);
  return Number.isSafeInteger(value) && value > 0 ? Math.min(value, most) : most;
}
