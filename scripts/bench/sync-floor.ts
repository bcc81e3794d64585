/** sync-floor.ts {"url","rows"}: posts the same rows with undici alone, with the same concurrency, and reports the result. */
import { programOptions, sendResult } from "./program.js";
import { rowAt } from "./steps.js";
import { CONCURRENCY, type Syncing, syncedIn } from "./sync-options.js";

const { url, rows } = programOptions<Syncing>();
const startedAt = performance.now();
// The client, too, loads undici when it first sends.
const { inFlight, requestFloor } = await import("./request-floor.js");
await using floor = requestFloor(url);
const runId = crypto.randomUUID();
await inFlight(rows, CONCURRENCY, (at) => floor.post(runId, at, JSON.stringify(rowAt(at))));
sendResult(syncedIn(performance.now() - startedAt, rows));
