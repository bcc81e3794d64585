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
import { receivedBy, reportOnFailure } from "../../support/failures.js";
import { recordingLogger } from "../../support/loggers.js";

/** A mock server, stopped at the end of the test. */
export async function backend(options: MockServerOptions = {}): Promise<MockServer> {
  const server = await startMockServer(options);
  onTestFinished(() => server.stop());
  reportOnFailure(() => receivedBy(server.url, server.requests));
  return server;
}

/** Calls a function at each request, before the server processes it. */
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

/** A client of a server with a silent logger, closed at the end of the test. */
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

export function sync(server: { readonly url: string }, logDir: string, options: SyncOptions = {}): Promise<SyncReport> {
  const logger = recordingLogger();
  return syncMirror({ baseUrl: server.url, apiKey: "k", projectId: "p", logDirs: [logDir], logger, ...options });
}

/** The requests that wrote something: one per write if keys are honoured. */
export function written(server: MockServer, path: string | RegExp): RecordedRequest[] {
  return server.requests.filter((request) => request.committed && request.path.search(path) !== -1);
}

/** A client with an experiment and a run. */
export async function runOf(
  client: DashboardClient,
): Promise<{ readonly experimentId: string; readonly runId: string }> {
  const experiment = await client.createExperiment({ experiment_name: "experiment" });
  const run = await client.createRun({ experiment_id: experiment.id, seed: 1 });
  return { experimentId: experiment.id, runId: run.id };
}

/** The task ids of the predictions in a request. */
export function tasksOf({ body }: RecordedRequest): string[] {
  const predictions: unknown = Object(body).predictions;
  return Array.isArray(predictions) ? predictions.map((row) => String(Object(row).task_id)) : [];
}

/** Checks that all attempts at a write have the same key, and that no two writes share one. */
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
