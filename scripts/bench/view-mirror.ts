/** view-mirror.ts {"logDir"}: sends the requests of a browser to the viewer, and measures each. */
import { deliveryOf } from "../../src/cli/ui/delivery-state.js";
import type { CurveData, RunList, SeriesList } from "../../src/viewer/api-types.js";
import { startViewer } from "../../src/viewer/server.js";
import { programOptions, sendResult } from "./program.js";
import { median } from "./rounds.js";

const MOVES = 50;

const { logDir } = programOptions<{ readonly logDir: string }>();
const server = await startViewer([logDir], 0, deliveryOf);

const listedAt = performance.now();
const { runs } = await asked<RunList>("runs", {});
const listed = performance.now() - listedAt;

const [run] = runs;
const openedAt = performance.now();
const { series } = await asked<SeriesList>("series", { run: run?.key ?? "" });
const first = { run: run?.key ?? "", series: series[0]?.name ?? "", width: "1000" };
await asked<CurveData>("curve", first);
const opened = performance.now() - openedAt;

while ((await asked<CurveData>("curve", first)).read < 1);
const steps = run?.lastStep ?? 0;
const moves: number[] = [];
for (let move = 0; move < MOVES; move += 1) {
  const from = (steps / 2 / MOVES) * move;
  const startedAt = performance.now();
  await asked<CurveData>("curve", { ...first, from: String(from), to: String(from + steps / 2) });
  moves.push(performance.now() - startedAt);
}
const memory = process.memoryUsage().rss / 1e6;
await server.stop();
sendResult({ listed, opened, panned: median(moves), memory });

async function asked<Body>(path: string, parameters: Readonly<Record<string, string>>): Promise<Body> {
  const response = await fetch(`${server.url}api/${path}?${new URLSearchParams(parameters)}`);
  return JSON.parse(await response.text());
}
