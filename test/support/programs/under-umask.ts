/** under-umask.ts BASE_URL API_KEY LOG_DIR UMASK: makes every kind of write under a umask, and kills itself. */
import { DashboardClient } from "../../../src/index.js";

const [baseUrl = "", apiKey = "", logDir = "", umask = "0"] = process.argv.slice(2);
process.umask(Number.parseInt(umask, 8));
const client = new DashboardClient({ baseUrl, apiKey, projectId: "p", logDir });
const { id: experiment_id } = await client.createExperiment({ experiment_name: "x" });
const { id } = await client.createRun({ experiment_id });
await client.logStepMetric(id, { step: 1, loss: 1 });
await client.createEval(id, { metrics: { a: 1 } });
await client.addCheckpoint(id, { uri: "u" });
await client.logPredictions(id, [{ kind: "eval", instruction: "i", model_output: "o" }]);
await client.updateRun(id, { status: "completed" });
process.kill(process.pid, "SIGKILL");
