import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cleanEnvironment } from "./support/children.js";
import { clientOf } from "./support/clients.js";
import { DOCUMENT_PATH } from "./support/document.js";
import { REPOSITORY } from "./support/folders.js";
import { deadServer, listening } from "./support/servers.js";
import { FULL_WRITES } from "./support/writes.js";

/** What Prism, a judge that nobody here wrote, said of a request. */
interface Judged {
  readonly path: string;
  readonly status: number;
  readonly violations: string | null;
  readonly answer: string;
}

const PREFIX = "/api/dashboard/api";
const judged: Judged[] = [];
let prism: { readonly url: string; readonly process: ChildProcess };
let proxy: Awaited<ReturnType<typeof listening>>;

/** Prism on a free port, with the document as the only thing it knows. It answers with the document's examples. */
async function startPrism() {
  const { url } = await deadServer();
  const { port } = new URL(url);
  const args = ["mock", "--errors", "--host", "127.0.0.1", "--port", port, DOCUMENT_PATH];
  const child = spawn(join(REPOSITORY, "node_modules", ".bin", "prism"), args, { env: cleanEnvironment() });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    const listen = (text: Buffer) => {
      said += text.toString();
      if (said.includes("Prism is listening")) resolve();
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`Prism ended with ${code}: ${said}`)));
  });
  return { url, process: child };
}

/** Prism takes no notice of the server's base path: what stands before the routes is taken away on the way to it. */
function startProxy() {
  const server = createServer(async (incoming, outgoing) => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece);
    const path = (incoming.url ?? "").replace(PREFIX, "");
    const { host: _, connection: __, "transfer-encoding": ___, "content-length": ____, ...headers } = incoming.headers;
    const init = { method: incoming.method ?? "", headers: plain(headers), body: Buffer.concat(pieces) };
    const response = await fetch(`${prism.url}${path}`, init);
    const answer = await response.text();
    judged.push({ path, status: response.status, violations: response.headers.get("sl-violations"), answer });
    outgoing.writeHead(response.status, { "content-type": response.headers.get("content-type") ?? "text/plain" });
    outgoing.end(answer);
  });
  return listening(server);
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

beforeAll(async () => {
  prism = await startPrism();
  proxy = await startProxy();
});
afterAll(async () => {
  await proxy?.close();
  prism?.process.kill();
});
beforeEach(() => {
  judged.length = 0;
});

describe("Prism", () => {
  const ids = { experimentId: "0b7f3a52-8f0d-4b5e-9d7c-2f6a1c4e8d90", runId: "5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01" };

  it.each(FULL_WRITES)("takes $method with every optional field", async ({ call, path }) => {
    const client = clientOf(proxy);
    await call(client, ids);
    expect(judged).toEqual([
      { path: path(ids), status: expect.any(Number), violations: null, answer: expect.any(String) },
    ]);
    expect(Math.floor((judged[0]?.status ?? 0) / 100), judged[0]?.answer).toBe(2);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
    expect(await client.close()).toMatchObject({ pending: 0, rejected: 0, skipped: 0 });
  });

  it("takes all eight in a row, of the ids that it answers", async () => {
    const client = clientOf(proxy);
    const experiment = await client.createExperiment({ experiment_name: "x" });
    const run = await client.createRun({ experiment_id: experiment.id });
    for (const { call } of FULL_WRITES) await call(client, { experimentId: experiment.id, runId: run.id });
    expect(judged.filter(({ status, violations }) => status >= 300 || violations !== null)).toEqual([]);
    expect(judged).toHaveLength(10);
    expect(await client.flush()).toMatchObject({ delivered: 11, pending: 0, rejected: 0, skipped: 0 });
  });

  it("takes a run of withRun", async () => {
    const client = clientOf(proxy);
    await client.withRun({ experiment_name: "x", seed: 1 }, async (run) => {
      await run.logStep(1, { loss: 0.5, bad: Number.NaN });
      await run.logPredictions([{ kind: "rollout", instruction: "i", model_output: "o", reward: Number.NaN }]);
      run.setBestScore(1);
      run.setConclusion("c");
    });
    expect(judged.map(({ status }) => Math.floor(status / 100))).toEqual([2, 2, 2, 2, 2, 2]);
    expect(judged.every(({ violations }) => violations === null)).toBe(true);
  });

  const wrong: readonly (readonly [string, string, object, Record<string, string>])[] = [
    ["an unknown field", "/sdk/experiments/", { experiment_name: "x", base_model: "m" }, {}],
    ["a missing field", "/sdk/runs/", { seed: 1 }, {}],
    ["a wrong type", "/sdk/runs/r/metrics/", { step: "1", split: "train", metrics: {} }, {}],
    ["a wrong status", "/sdk/runs/r/", { status: "done" }, {}],
    ["an empty patch", "/sdk/experiments/e/", {}, {}],
    ["an unknown route", "/sdk/experiments", { experiment_name: "x" }, {}],
    ["a missing key", "/sdk/experiments/", { experiment_name: "x" }, { authorization: "" }],
    [
      "an endless Idempotency-Key",
      "/sdk/experiments/",
      { experiment_name: "x" },
      { "idempotency-key": "k".repeat(300) },
    ],
  ];

  it.each(wrong)("is a judge: it refuses %s", async (_name, path, body, headers) => {
    const all = { authorization: "Bearer k", "content-type": "application/json", ...headers };
    const kept = Object.fromEntries(
      Object.entries(all).filter(([name, value]) => value !== "" || name !== "authorization"),
    );
    await fetch(`${proxy.url}${PREFIX}${path}`, { method: "POST", headers: kept, body: JSON.stringify(body) });
    expect(Math.floor((judged[0]?.status ?? 0) / 100), judged[0]?.answer).toBe(4);
  });
});
