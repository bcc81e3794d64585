/** sync-floor.ts {"url","rows"}: posts as many rows with undici alone, as many at once, and tells how it went. */
import { optionsOf, tell } from "./program.js";
import { rowAt } from "./steps.js";
import { CONCURRENCY, type Syncing, syncedIn } from "./sync-options.js";

const { url, rows } = optionsOf<Syncing>();
const startedAt = performance.now();
// The client, too, loads undici when it first sends.
const { inFlight, requestFloor } = await import("./request-floor.js");
await using floor = requestFloor(url);
const runId = crypto.randomUUID();
await inFlight(rows, CONCURRENCY, (at) => floor.post(runId, at, JSON.stringify(rowAt(at))));
tell(syncedIn(performance.now() - startedAt, rows));
