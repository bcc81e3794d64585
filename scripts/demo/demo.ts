/**
 * `npm run demo`: a training with an outage of the backend, a training that is killed, and a check that no row was lost or
 * duplicated. It needs no network, no account and no configuration.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DashboardClient, syncMirror } from "../../src/index.js";
import { startBackend } from "./backend.js";
import { compare } from "./compare.js";
import { runUntilKilled } from "./kill.js";
import { percent, train } from "./train.js";
import { until } from "./until.js";

const folder = await mkdtemp(join(tmpdir(), "evsys-demo-"));
const logDir = join(folder, "mirror");
const checkpoints = join(folder, "checkpoints");
const apiKey = "demo-key";
const projectId = "iris";

await using backend = await startBackend(apiKey);
const baseUrl = backend.url;
print(`A backend listens at ${baseUrl}. Everything is mirrored to ${logDir}.`);

heading("1. The backend goes away while a classifier learns");
const client = new DashboardClient({ baseUrl, apiKey, projectId, logDir });
const accuracy = await train(client, {
  name: "Iris, softmax",
  seed: 7,
  steps: 300,
  checkpointEvery: 60,
  checkpoints,
  async afterStep(step) {
    if (step === 150) {
      await backend.stop();
      print("Step 150: the backend is stopped. Training continues.");
    }
    if (step === 200) {
      print(`Step 200: ${deliveryState()}. The backend is started again.`);
      await backend.start();
    }
    if (step === 250) {
      await until("the client to catch up", () => client.status().remote === "up" && client.status().pending === 0);
      print(`Step 250: ${deliveryState()}. The client has sent the backlog.`);
    }
  },
});
await client.close();
print(`Step 300: the classifier is right for ${percent(accuracy)} of the held-out flowers.`);

heading("2. A second training is killed");
const environment = {
  EVSYS_API_URL: baseUrl,
  EVSYS_API_KEY: apiKey,
  EVSYS_PROJECT_ID: projectId,
  EVSYS_LOG_DIR: logDir,
};
await runUntilKilled(checkpoints, environment, async (step) => {
  if (step === 50) {
    await backend.stop();
    print("Step 50: the backend is stopped. The second process continues in the same mirror.");
  }
  return step < 90 ? "go on" : "kill";
});
print("After step 90: the second process is killed with SIGKILL.");
await backend.start();
print("The backend is started again. No process is left to send the rest.");

heading("3. One command delivers the rest");
const report = await syncMirror({ logDirs: [logDir], baseUrl, apiKey, projectId });
print(`syncMirror: ${report.delivered} delivered, ${report.pending} pending, ${report.rejected} rejected.`);

heading("4. Every row of the mirror against the backend");
const comparison = await compare(client.local, backend.rows, report);
console.table(comparison);
const lines = Object.values(comparison);
const missing = total(lines.map((line) => line.missing));
const twice = total(lines.map((line) => line.twice));
const notSent = total(lines.map((line) => line["not sent yet"]));
print(`${missing} missing, ${twice} twice, ${notSent} not sent yet.`);
if (missing + twice + notSent > 0) process.exitCode = 1;

console.log(`
The mirror:      ${logDir}
The checkpoints: ${checkpoints}
See it all:      npx evsys-sdk ui ${logDir} --open`);

function deliveryState(): string {
  const { remote, pending } = client.status();
  return `the backend is ${remote}, ${pending} writes are pending`;
}

function heading(text: string): void {
  console.log(`\n${text}`);
}

function print(text: string): void {
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(5)} s  ${text}`);
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
