import { expect, onTestFinished } from "vitest";
import {
  DashboardClient,
  type DashboardClientOptions,
  type SyncOptions,
  type SyncReport,
  syncMirror,
} from "../../../src/index.js";
import {
  type MockServer,
  type MockServerOptions,
  type RecordedRequest,
  startMockServer,
} from "../../../src/testing/index.js";
import { receivedBy, tellOnFailure } from "../../support/failures.js";
import { recordingLogger } from "../../support/loggers.js";

/** A mock server that is stopped when the test is over. */
export async function backend(options: MockServerOptions = {}): Promise<MockServer> {
  const server = await startMockServer(options);
  onTestFinished(() => server.stop());
  tellOnFailure(() => receivedBy(server.url, server.requests));
  return server;
}

/** Calls a function at each request, before the server does anything with it. */
export function watch(server: MockServer, onRequest: (request: RecordedRequest) => void): void {
  server.failNext({
    status: 500,
    times: Number.POSITIVE_INFINITY,
    match(request) {
      onRequest(request);
      return false;
    },
  });
}

/** A client of a server that logs to no screen, closed when the test is over. */
export function clientFor(
  server: { readonly url: string },
  logDir: string,
  options: DashboardClientOptions = {},
): DashboardClient {
  const logger = recordingLogger();
  const client = new DashboardClient({ baseUrl: server.url, apiKey: "k", projectId: "p", logDir, logger, ...options });
  onTestFinished(async () => {
    await client.close({ timeoutMs: 1 });
  });
  return client;
}

/** A sync of one mirror. */
export function sync(server: { readonly url: string }, logDir: string, options: SyncOptions = {}): Promise<SyncReport> {
  const logger = recordingLogger();
  return syncMirror({ baseUrl: server.url, apiKey: "k", projectId: "p", logDirs: [logDir], logger, ...options });
}

/** The requests that wrote something; with a key that is honoured, one for each write. */
export function written(server: MockServer, path: string | RegExp): RecordedRequest[] {
  return server.requests.filter((request) => request.committed && request.path.search(path) !== -1);
}

/** A client with an experiment and a run to write to. */
export async function runOf(
  client: DashboardClient,
): Promise<{ readonly experimentId: string; readonly runId: string }> {
  const experiment = await client.createExperiment({ experiment_name: "experiment" });
  const run = await client.createRun({ experiment_id: experiment.id, seed: 1 });
  return { experimentId: experiment.id, runId: run.id };
}

/** The tasks of the predictions that a request carried. */
export function tasksOf({ body }: RecordedRequest): string[] {
  const predictions: unknown = Object(body).predictions;
  return Array.isArray(predictions) ? predictions.map((row) => String(Object(row).task_id)) : [];
}

/** Writes are one to one with keys: every attempt at a write has its key, and no two writes have the same one. */
export function expectOneKeyEach(server: MockServer): void {
  const keysOf = new Map<string, Set<string>>();
  const writesOf = new Map<string, Set<string>>();
  for (const { path, body, idempotencyKey = "" } of server.requests) {
    const write = `${path} ${JSON.stringify(body)}`;
    keysOf.set(write, (keysOf.get(write) ?? new Set()).add(idempotencyKey));
    writesOf.set(idempotencyKey, (writesOf.get(idempotencyKey) ?? new Set()).add(write));
  }
  expect([...keysOf].filter(([, keys]) => keys.size > 1)).toEqual([]);
  expect([...writesOf].filter(([, writes]) => writes.size > 1)).toEqual([]);
}
