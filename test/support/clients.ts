import { join } from "node:path";
import { onTestFinished } from "vitest";
import { DashboardClient, type DashboardClientOptions } from "../../src/index.js";
import { type MockServer, type MockServerOptions, startMockServer } from "../../src/testing/index.js";
import { receivedBy, reportOnFailure } from "./failures.js";
import { temporaryFolder } from "./folders.js";
import { recordingLogger } from "./loggers.js";

export const API_KEY = "secret-key-4f1c";
export const PROJECT_ID = "project-1";
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A mock server that accepts only our key, stopped at the end of the test. */
export async function mockServer(options: MockServerOptions = {}): Promise<MockServer> {
  const server = await startMockServer({ apiKey: API_KEY, ...options });
  onTestFinished(() => server.stop());
  reportOnFailure(() => receivedBy(server.url, server.requests));
  return server;
}

/** A client with its own mirror, independent of the environment, closed at the end of the test. */
export function clientOf(server: { readonly url: string }, options: DashboardClientOptions = {}): DashboardClient {
  const client = new DashboardClient({
    baseUrl: server.url,
    apiKey: API_KEY,
    projectId: PROJECT_ID,
    offline: false,
    logDir: join(temporaryFolder(), "mirror"),
    logger: recordingLogger(),
    logLevel: "WARNING",
    ...options,
  });
  onTestFinished(async () => {
    await client.close({ timeoutMs: 20 });
  });
  return client;
}

export function offlineClient(options: DashboardClientOptions = {}): DashboardClient {
  return clientOf({ url: "http://127.0.0.1:9" }, { offline: true, ...options });
}

/** A mock server with a client and a run. The requests that created the run are not recorded. */
export async function runOnServer(options: DashboardClientOptions = {}, serverOptions: MockServerOptions = {}) {
  const server = await mockServer(serverOptions);
  const client = clientOf(server, options);
  const experiment = await client.createExperiment({ experiment_name: "iris" });
  const run = await client.createRun({ experiment_id: experiment.id });
  const before = server.requests.length;
  return { server, client, experimentId: experiment.id, runId: run.id, requests: () => server.requests.slice(before) };
}

/** A value of a type that the compiler would reject. */
export function wrong(value: unknown): never {
  return value as never;
}

/** The error that a call throws or rejects with. Fails if there is none. */
export async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("The call was expected to fail.");
}

/** All items of an async iterator. */
export async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
