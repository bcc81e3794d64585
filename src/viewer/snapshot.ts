import type { DeliveryState, PredictionPage, RunList, SeriesList, Snapshot } from "./api-types.js";
import { type DeliveryOf, ViewerRoutes } from "./routes.js";
import { snapshotKey } from "./snapshot-key.js";

const MAX_RUNS = 100;
const MAX_SERIES = 50;
const WIDTH = "800";

/** Creates the data of a self-contained file: the newest runs, with curves of a fixed width and the first predictions. */
export async function snapshotOf(
  roots: readonly string[],
  deliveryOf: DeliveryOf,
  isWanted: (key: string) => boolean,
): Promise<Snapshot> {
  const routes = new ViewerRoutes(roots, deliveryOf);
  const responses: Record<string, unknown> = {};
  const ask = <Result>(path: string, parameters: Record<string, string> = {}): Promise<Result> =>
    routes.respond(path, new URLSearchParams(parameters)) as Promise<Result>;
  const list = await ask<RunList>("runs");
  const wanted = list.runs.filter(({ key }) => isWanted(key)).sort((a, b) => Number(b.updatedAt) - Number(a.updatedAt));
  const runs = wanted.slice(0, MAX_RUNS);
  const omitted = [wanted.length > runs.length ? `${wanted.length - runs.length} older runs` : ""];
  const deliveries: Record<string, DeliveryState> = {};
  let hasMorePredictions = false;
  for (const { key: run } of runs) {
    Object.assign(deliveries, await ask<Record<string, DeliveryState>>("delivery", { run }));
    for (const path of ["run", "evals", "checkpoints"]) responses[snapshotKey(path, run)] = await ask(path, { run });
    const page = await ask<PredictionPage>("predictions", { run });
    hasMorePredictions ||= page.next !== null;
    responses[snapshotKey("predictions", run)] = { ...page, next: null };
    await routes.readAll(run);
    const series = await ask<SeriesList>("series", { run, most: String(MAX_SERIES) });
    responses[snapshotKey("series", run)] = series;
    if (series.total > series.series.length) omitted.push(`${series.total - series.series.length} series of a run`);
    for (const { name } of series.series) {
      responses[snapshotKey("curve", run, name)] = await ask("curve", { run, series: name, width: WIDTH });
    }
  }
  if (hasMorePredictions) omitted.push("all but the first predictions of a run");
  responses[snapshotKey("runs")] = { ...list, runs };
  responses[snapshotKey("delivery")] = deliveries;
  const left = omitted.filter((part) => part !== "");
  return {
    madeAt: Date.now(),
    responses,
    note: left.length === 0 ? "" : `This file leaves out: ${[...new Set(left)].join(", ")}.`,
  };
}
