/** sync-ours.ts {"url","logDir"}: syncs a mirror, and tells how it went. */
import { syncMirror } from "../../src/index.js";
import { API_KEY } from "./api-key.js";
import { optionsOf, tell } from "./program.js";
import { CONCURRENCY, type Syncing, syncedIn } from "./sync-options.js";

const { url, logDir } = optionsOf<Syncing>();
const startedAt = performance.now();
const report = await syncMirror({
  baseUrl: url,
  apiKey: API_KEY,
  projectId: "bench",
  logDirs: [logDir],
  concurrency: CONCURRENCY,
});
const durationMs = performance.now() - startedAt;
tell(syncedIn(durationMs, report.byKind.metrics.delivered));
