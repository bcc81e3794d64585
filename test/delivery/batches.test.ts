import { appendFileSync, cpSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runLimited } from "../support/children.js";
import { replaceFileCall, restoreFileCalls } from "../support/file-calls.js";
import { temporaryFolder } from "../support/folders.js";
import { until } from "../support/until.js";
import { backend, clientFor, runOf, sync, tasksOf, watch, written } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";
import { prediction } from "./support/predictions.js";
import { programFile } from "./support/program.js";

const MEBIBYTE = 1024 * 1024;

describe("the predictions of one call", () => {
  it("are sent in requests of at most 1,000 rows and 1 MiB; a larger row is sent alone", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    const many = Array.from({ length: 2_500 }, (_, n) => prediction(`many ${n}`));
    const large = Array.from({ length: 30 }, (_, n) => prediction(`large ${n}`, "x".repeat(100_000)));
    const huge = prediction("huge", "x".repeat(3_000_000));
    const inserted = many.length + large.length + 1;
    expect(await client.logPredictions(runId, [...many, ...large, huge])).toEqual({ ok: true, inserted });
    const requests = written(server, /predictions/);
    for (const request of requests) {
      const tasks = tasksOf(request);
      expect(tasks.length).toBeLessThanOrEqual(1_000);
      if (tasks[0] !== "huge") expect(JSON.stringify(request.body).length).toBeLessThanOrEqual(MEBIBYTE);
    }
    expect(requests.map(tasksOf)).toContainEqual(["huge"]);
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("have their boundaries on file before the first request, so that a copy of the folder has the same keys", async () => {
    const [folder, server] = [temporaryFolder(), await backend()];
    const [original, copy] = [join(folder, "original"), join(folder, "copy")] as const;
    const client = clientFor(server, original);
    const { runId } = await runOf(client);
    const noted: number[] = [];
    watch(server, ({ path }) => {
      if (!path.includes("predictions")) return;
      const ops = readFileSync(join(original, "generations", runId, "sync", "ops.jsonl"), "utf8");
      noted.push(ops.split("\n").filter((line) => line.includes('"call"')).length);
    });
    const offline = clientFor(server, original, { offline: true });
    const rows = Array.from({ length: 2_500 }, (_, n) => prediction(`${n}`));
    await client.logPredictions(runId, rows);
    expect(noted).toEqual([3, 3, 3]);
    await offline.logPredictions(runId, rows.slice(0, 1_500));
    await Promise.all([client.close(), offline.close()]);
    cpSync(original, copy, { recursive: true });
    for (const logDir of [original, copy]) await sync(server, logDir);
    expect(await differences(original, server)).toEqual(NONE);
  });
});

describe("the rows of a call that is still being written", () => {
  /** A call of three batches, of which one and a half are written. */
  async function unfinishedCall() {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const first = clientFor(server, logDir);
    const { runId } = await runOf(first);
    await first.close();
    const writer = clientFor(server, logDir, { offline: true });
    await writer.logPredictions(runId, [prediction("earlier 1"), prediction("earlier 2")]);
    const folder = join(logDir, "generations", runId);
    const ops = join(folder, "sync", "ops.jsonl");
    const rows = join(folder, "predictions.jsonl");
    const within = readFileSync(ops, "utf8").match(/.*"session":"([^"]+)"/s)?.[1];
    const texts = ["a", "b", "c"].map((name) => {
      const lines = [1, 2].map((n) => `${JSON.stringify(prediction(`${name} ${n}`))}\n`);
      return lines.join("");
    });
    let end = statSync(rows).size;
    for (const text of texts) {
      const start = end;
      end += Buffer.byteLength(text);
      appendFileSync(ops, `${JSON.stringify({ call: ["p", start, end], within })}\n`);
    }
    const text = texts.join("");
    const half = text.indexOf("\n", (texts[0] ?? "").length) + 1;
    appendFileSync(rows, text.slice(0, half));
    return { logDir, server, writer, finish: () => appendFileSync(rows, text.slice(half)) };
  }

  const earlier = ["earlier 1", "earlier 2"];

  it("are sent by another process once all of them are written, in their batches", async () => {
    const { logDir, server, finish } = await unfinishedCall();
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(written(server, /predictions/)).toEqual([]);
    finish();
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    const batches = [earlier, ["a 1", "a 2"], ["b 1", "b 2"], ["c 1", "c 2"]];
    expect(written(server, /predictions/).map(tasksOf)).toEqual(batches);
  });

  it("are sent when their writer has ended: those of an incomplete batch one by one", async () => {
    const { logDir, server, writer } = await unfinishedCall();
    await writer.close();
    for (let time = 0; time < 2; time += 1) expect(await sync(server, logDir)).toMatchObject({ pending: 0 });
    expect(written(server, /predictions/).map(tasksOf)).toEqual([earlier, ["a 1", "a 2"], ["b 1"]]);
  });

  it("are removed if they cannot be written to the end, even from a file that was closed to save descriptors", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const first = clientFor(server, logDir);
    const { runId } = await runOf(first);
    await first.close();
    const path = join(logDir, "generations", runId, "predictions.jsonl");
    const client = clientFor(server, logDir, { offline: true });
    const failed = new Set<unknown>();
    let [descriptor, isClosed]: [unknown, boolean] = [undefined, false];
    onTestFinished(restoreFileCalls);
    replaceFileCall("openSync", (open) => (file, ...args) => {
      // Without a free descriptor, files that are open are closed. Then this one cannot be opened again, once.
      const code = file !== path ? "EMFILE" : isClosed ? "EIO" : undefined;
      if (descriptor !== undefined && code !== undefined && /jsonl$/.test(String(file)) && !failed.has(file)) {
        failed.add(file);
        throw Object.assign(new Error(code), { code });
      }
      const opened = open(file, ...args);
      if (file === path) descriptor = opened;
      return opened;
    });
    replaceFileCall("closeSync", (close) => (closing) => {
      isClosed ||= closing === descriptor;
      return close(closing);
    });
    await client.logPredictions(runId, [prediction("earlier")]);
    const before = statSync(path).size;
    const rows = Array.from({ length: 300 }, (_, n) => prediction(`${n}`, "x".repeat(200_000)));
    const large = expect(client.logPredictions(runId, rows)).rejects.toThrow("EIO");
    await until(() => statSync(path).size > before);
    const other = clientFor(server, temporaryFolder(), { offline: true });
    for (let run = 0; !isClosed; run += 1) await other.logStepMetric(`run-${run}`, { step: 1, loss: 1 });
    await large;
    restoreFileCalls();
    expect(statSync(path).size).toBe(before);
    await client.logPredictions(runId, [prediction("later")]);
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(written(server, /predictions/).map(tasksOf)).toEqual([["earlier"], ["later"]]);
  });

  it("keep their batches if another client's row in a different stream starts a new session meanwhile", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    const folder = join(logDir, "generations", runId);
    await client.logStepMetric(runId, { step: 0, loss: 1 });
    const rows = Array.from({ length: 300 }, (_, n) => prediction(`${n}`, "x".repeat(200_000)));
    const large = client.logPredictions(runId, rows);
    const sizeOf = (): number => statSync(join(folder, "predictions.jsonl"), { throwIfNoEntry: false })?.size ?? 0;
    await until(() => sizeOf() > 0);
    appendFileSync(join(folder, "metrics.jsonl"), '{"step":77,"split":"train","metrics":{"loss":2}}\n');
    // The file is checked at most once per millisecond.
    const before = sizeOf();
    await until(() => sizeOf() > before);
    await Promise.all([
      client.logStepMetric(runId, { step: 1, loss: 1 }),
      client.logPredictions(runId, [prediction("later")]),
      large,
    ]);
    expect(await client.close({ timeoutMs: 10_000 })).toMatchObject({ pending: 0, rejected: 0, skipped: 0 });
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0, skipped: 1 });
    const requests = written(server, /predictions/).map(tasksOf);
    expect(requests.filter(([task]) => task !== "later").every((tasks) => tasks.length === 5)).toBe(true);
    expect(requests.flat().sort()).toEqual([...rows.map(({ task_id }) => task_id), "later"].sort());
  });

  it.each([true, false])(
    "are not sent if the disk is full before the last one; later rows are, once (offline: %s)",
    async (offline) => {
      const [logDir, server] = [temporaryFolder(), await backend()];
      const client = clientFor(server, logDir);
      const { runId } = await runOf(client);
      await client.close();
      const options = JSON.stringify({ baseUrl: server.url, logDir, runId, offline });
      const { stdout, code, stderr } = await runLimited([programFile("overfill-predictions.ts"), options], 3_000).ended;
      expect({ code, stderr, resolved: stdout.trim() }).toEqual({ code: 0, stderr: "", resolved: "[false,true,true]" });
      expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
      expect(written(server, /predictions/).map(tasksOf)).toEqual([["small 0", "small 1"], ["single 0"]]);
      expect(await differences(logDir, server)).toEqual(NONE);
    },
  );
});

describe("a row of the tick in which another client's row in a different stream starts a new session", () => {
  it.each([true, false])("is delivered, once (offline: %s)", async (offline) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { offline });
    const { runId } = await runOf(client);
    await client.logStepMetric(runId, { step: 0, loss: 1 });
    await client.createEval(runId, { metrics: { n: 0 } });
    appendFileSync(join(logDir, "generations", runId, "evals.jsonl"), '{"id":"foreign","metrics":{"n":9}}\n');
    // A file is checked at most once per millisecond.
    const since = performance.now();
    await until(() => performance.now() - since > 2);
    await Promise.all([
      client.logStepMetric(runId, { step: 1, loss: 1 }),
      client.createEval(runId, { metrics: { n: 1 } }),
    ]);
    await client.close();
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0, skipped: 1 });
    expect(server.metrics.map(({ step }) => step)).toEqual([0, 1]);
    expect(server.evals.map(({ metrics }) => metrics.n)).toEqual([0, 1]);
  });
});

describe("a server that closes the connection while a large body is uploaded", () => {
  async function server(mostBytes: number) {
    const tasks: string[] = [];
    const http = createServer((request, response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      request.on("error", () => {});
      request.on("data", (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > mostBytes) request.socket.destroy();
      });
      request.on("end", () => {
        const body: unknown = JSON.parse(Buffer.concat(pieces).toString());
        const rows: unknown = Object(body).predictions;
        if (Array.isArray(rows)) for (const row of rows) tasks.push(String(Object(row).task_id));
        const isRun = request.url?.endsWith("/sdk/runs/") === true;
        response.writeHead(isRun ? 201 : 200, { "content-type": "application/json" });
        response.end(JSON.stringify(isRun ? { run: { id: "r1" } } : { ok: true, inserted: 1 }));
      });
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void http.close().closeAllConnections());
    const address = http.address();
    return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, tasks };
  }

  it("gets smaller requests, each row once", async () => {
    const { url, tasks } = await server(250_000);
    const client = clientFor({ url }, temporaryFolder());
    const { id } = await client.createRun({ experiment_id: "e" });
    const rows = Array.from({ length: 40 }, (_, n) => prediction(`${n}`, "x".repeat(20_000)));
    await client.logPredictions(id, rows);
    expect(await client.close({ timeoutMs: 30_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(tasks.sort()).toEqual(rows.map(({ task_id }) => task_id).sort());
  });

  it("rejects a single row that is too large, and receives the rows after it", async () => {
    const { url, tasks } = await server(250_000);
    const client = clientFor({ url }, temporaryFolder(), { maxRetries: 0 });
    const { id } = await client.createRun({ experiment_id: "e" });
    await client.logPredictions(id, [prediction("too large", "x".repeat(900_000))]);
    await client.logPredictions(id, [prediction("small")]);
    expect(tasks).toEqual(["small"]);
    while (client.status().rejected === 0) await client.flush();
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 1 });
  });
});
