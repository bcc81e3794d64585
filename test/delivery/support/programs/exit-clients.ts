/**
 * exit-clients.ts OPTIONS: creates several offline clients of one mirror with one experiment each, then does what the
 * options say.
 */
import { rmSync } from "node:fs";
import { DashboardClient, syncMirror } from "../../../../src/index.js";

const { logDir, clients, closes, syncs, exits, deletes } = JSON.parse(process.argv[2] ?? "{}");
for (let n = 0; n < clients; n += 1) {
  const client = new DashboardClient({ offline: true, logDir });
  await client.createExperiment({ experiment_name: `e${n}` });
  if (closes) await client.close();
  if (exits) {
    void client.logStepMetric("run-1", { step: n, loss: 1 });
    process.exit(0);
  }
}
if (syncs !== undefined) await syncMirror({ ...syncs, apiKey: "k", projectId: "p", logDirs: [logDir] });
if (deletes) rmSync(logDir, { recursive: true });
