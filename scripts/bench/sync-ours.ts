/** sync-ours.ts {"url","logDir"}: syncs a mirror, and reports the result. */
import { syncMirror } from "../../src/index.js";
import { API_KEY } from "./api-key.js";
import { programOptions, sendResult } from "./program.js";
import { CONCURRENCY, type Syncing, syncedIn } from "./sync-options.js";

const { url, logDir } = programOptions<Syncing>();
const startedAt = performance.now();
const report = await syncMirror({
  baseUrl: url,
  apiKey: API_KEY,
  projectId: "bench",
  logDirs: [logDir],
  concurrency: CONCURRENCY,
});
const durationMs = performance.now() - startedAt;
sendResult(syncedIn(durationMs, report.byKind.metrics.delivered));
