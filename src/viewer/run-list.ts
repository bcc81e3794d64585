import { lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import { isSafeId } from "../api/ids.js";
import type { MirrorDocument } from "../store/document.js";
import { type LastRows, lastRowsOf } from "../store/last-rows.js";
import { documentPath, entityFolder, segmentName } from "../store/paths.js";
import { bestScoreOf, idsIn, readExperiment, readRun } from "../store/run-catalog.js";
import { isObject } from "../util/objects.js";
import { scalarOf } from "../util/scalar.js";
import type { RunList, RunSummary } from "./api-types.js";

const MAX_SERIES = 500;

interface Cached {
  readonly stamp: string;
  readonly summary: Omit<RunSummary, "experiment" | "project" | "lastValue">;
  readonly last: LastRows;
}

/** Lists the runs of mirrors. A run is read again only if its document or metrics have changed. */
export class RunLister {
  readonly #roots: readonly string[];
  readonly #experiments = new Map<string, { readonly stamp: string; readonly document: MirrorDocument | undefined }>();
  readonly #cache = new Map<string, Cached>();

  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  /** All runs, with the last value of a series. */
  list(series: string): RunList {
    const names = new Set<string>();
    const runs = this.#roots.flatMap((root, mirror) => {
      // Thousands of runs may share an experiment.
      const experiments = new Map<string, MirrorDocument | undefined>();
      const experimentOf = (id: string): MirrorDocument | undefined => {
        if (!experiments.has(id)) experiments.set(id, this.#experiment(root, id));
        return experiments.get(id);
      };
      return idsIn(root, "run").map((id): RunSummary => {
        const { summary, last } = this.#run(root, id, `${mirror}/${id}`);
        for (const name of last.values.keys()) if (names.size < MAX_SERIES) names.add(name);
        const experiment = experimentOf(summary.experimentId);
        return {
          ...summary,
          tags: summary.tags.length > 0 ? summary.tags : textsOf(experiment?.tags),
          experiment: textOf(experiment?.experiment_name),
          project: textOf(experiment?.project_id),
          lastValue: scalarOf(last.values.get(series)?.value),
        };
      });
    });
    const missing = this.#roots.filter((root) => statSync(root, { throwIfNoEntry: false }) === undefined);
    return { runs, series: [...names].sort(), missing };
  }

  #experiment(root: string, id: string): MirrorDocument | undefined {
    if (id === "" || !isSafeId(id)) return undefined;
    const path = documentPath(root, "experiment", id);
    const stamp = stampOf([path]);
    const known = this.#experiments.get(path);
    if (known?.stamp === stamp) return known.document;
    const document = readExperiment(root, id);
    this.#experiments.set(path, { stamp, document });
    return document;
  }

  #run(root: string, id: string, key: string): Cached {
    const folder = entityFolder(root, "run", id);
    const stamp = stampOf([documentPath(root, "run", id), join(folder, segmentName("metrics", 1)), folder]);
    const known = this.#cache.get(key);
    if (known?.stamp === stamp) return known;
    const { document, problem, path, experimentId = "" } = readRun(root, id);
    const last = lastRowsOf(path);
    const summary = {
      key,
      id,
      mirror: root,
      name: textOf(isObject(document?.run_config) ? document.run_config.name : undefined),
      experimentId,
      status: textOf(document?.status),
      seed: typeof document?.seed === "number" ? document.seed : null,
      tags: textsOf(isObject(document?.run_config) ? document.run_config.tags : undefined),
      createdAt: msOf(document?._created_at),
      updatedAt: msOf(document?._updated_at),
      lastStep: last.lastStep ?? null,
      bestScore: scalarOf(bestScoreOf(document)),
      problem: problem ?? null,
    };
    const cached = { stamp, summary, last };
    this.#cache.set(key, cached);
    return cached;
  }
}

/** Changes when one of the files changes. */
function stampOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = lstatSync(file, { throwIfNoEntry: false });
      return stats === undefined ? "-" : `${stats.mtimeMs}.${stats.size}.${stats.ino}`;
    })
    .join(" ");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function msOf(seconds: unknown): number | null {
  return typeof seconds === "number" && Number.isFinite(seconds) ? seconds * 1000 : null;
}
