import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { MockBackend } from "./backend.js";
import { receiveBody } from "./body.js";
import { MockExchange } from "./exchange.js";
import { type Failure, FailureQueue, failureResponse } from "./failures.js";
import { listen } from "./listen.js";
import { checkOptions } from "./option-checks.js";
import type { OpenRecord, RecordedRequest } from "./requests.js";
import { errorResponse } from "./response.js";
import type { CheckpointRow, EvalRow, ExperimentRow, MetricRow, PredictionRow, RunRow } from "./rows.js";
import { MockState } from "./state.js";

/** Options of {@link startMockServer}. */
export interface MockServerOptions {
  /** The port to listen on. Default 0: a free one. */
  readonly port?: number | undefined;
  /**
   * The address to listen on. Default 127.0.0.1, which other machines cannot reach. `localhost` means 127.0.0.1 and ::1,
   * because callers of http://localhost may try either.
   */
  readonly host?: string | undefined;
  /** The only API key that is accepted. Default: any key that is not empty. */
  readonly apiKey?: string | undefined;
  /** Delay before each request is processed, in milliseconds. Default 0. */
  readonly latencyMs?: number | undefined;
  /** Whether a repeated Idempotency-Key returns the first response. Default true; false ignores the header. */
  readonly honourIdempotencyKeys?: boolean | undefined;
  /** Maximum size of a request body in bytes; a larger one gets a 413. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** The state of an earlier server, to continue with its rows and keys. Default: empty. */
  readonly state?: MockState | undefined;
  /** Whether requests are recorded in `requests`. Default true; use false for a server that runs for days. */
  readonly keepRequests?: boolean | undefined;
  /**
   * Called once per request when its end is decided, before a response is sent: responded, hung, reset, or closed by its
   * caller. Not called for requests that `stop()` interrupts. If it throws, the response is a 500 with the error.
   */
  readonly onRequest?: ((request: RecordedRequest) => void) | undefined;
}

/** A running mock server. The collections are live: the same arrays, growing as writes arrive. */
export interface MockServer extends AsyncDisposable {
  /** The base URL for a client, such as `http://127.0.0.1:41234`. */
  readonly url: string;
  /** The port it listens on, to start another one there after `stop()`. */
  readonly port: number;
  /** Its state, which can be passed to another server. */
  readonly state: MockState;
  /** The experiments, oldest first. */
  readonly experiments: readonly ExperimentRow[];
  /** The runs, oldest first. */
  readonly runs: readonly RunRow[];
  /** The metric rows of all runs, in the order they arrived. */
  readonly metrics: readonly MetricRow[];
  /** The evals of all runs, in the order they arrived. */
  readonly evals: readonly EvalRow[];
  /** The checkpoints of all runs, in the order they arrived. */
  readonly checkpoints: readonly CheckpointRow[];
  /** The predictions of all runs, one entry each, in the order they arrived. */
  readonly predictions: readonly PredictionRow[];
  /** The requests to this server in the order they arrived, however they ended. They do not contain the API key. */
  readonly requests: readonly RecordedRequest[];
  /** Makes the next requests fail. The returned function cancels what is left of the failure. */
  failNext(failure: Failure): () => void;
  /** Removes all rows, requests, keys and failures. */
  reset(): void;
  /** Closes the port and all connections; uncommitted writes are dropped. Resolves when the port is free. */
  stop(): Promise<void>;
}

/**
 * Starts a mock backend for tests. It keeps writes in memory and validates every request and its own responses against
 * the packaged OpenAPI schema. Rejects with the system's error, such as EADDRINUSE, if it cannot listen, and with a
 * TypeError or a RangeError if an option is invalid.
 *
 * @example
 * const server = await startMockServer({ apiKey: "secret" });
 * server.failNext({ status: 503, times: 3 });
 * // … train with `new DashboardClient({ baseUrl: server.url, apiKey: "secret", projectId: "p" })` …
 * expect(server.metrics).toHaveLength(100);
 * await server.stop();
 */
export async function startMockServer(options: MockServerOptions = {}): Promise<MockServer> {
  checkOptions(options);
  const { port = 0, host = "127.0.0.1", latencyMs = 0, maxBodyBytes = 64 * 1024 * 1024 } = options;
  const { apiKey, honourIdempotencyKeys = true, state = new MockState(), keepRequests = true, onRequest } = options;
  const backend = new MockBackend(state, { apiKey, honourIdempotencyKeys, maxBodyBytes });
  const requests: OpenRecord[] = [];
  const failures = new FailureQueue();
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);

  async function serve(request: IncomingMessage, exchange: MockExchange): Promise<void> {
    const { record } = exchange;
    const body = await receiveBody(request, maxBodyBytes);
    if (stopping.signal.aborted) return;
    if (body === undefined) return exchange.callerGone();
    if (body.kind !== "too-large" && body.text !== "") record.body = body.kind === "json" ? body.value : body.text;
    const failure = failures.take(record);
    if (failure !== undefined) record.failure = failure;
    // The delay is the same for all requests, so a repeat of a key is always processed after its first request.
    if (latencyMs > 0) await sleep(latencyMs, undefined, { signal: stopping.signal });
    stopping.signal.throwIfAborted();
    if (failure === undefined || failure.afterCommit === true) {
      const response = backend.respond(request, record, body);
      if (failure === undefined) return exchange.respond(response);
    }
    if (failure.reset) exchange.reset();
    else if (failure.hang) exchange.hang();
    else exchange.respond(failureResponse(failure));
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const exchange = new MockExchange(request, response, onRequest);
    if (keepRequests) requests.push(exchange.record);
    serve(request, exchange).catch((error: unknown) => {
      if (!stopping.signal.aborted) exchange.respond(errorResponse(500, `Mock server: ${String(error)}`));
    });
  });
  const listener = await listen(server, port, host);

  const stop = (): Promise<void> => {
    stopping.abort();
    return listener.close();
  };
  return {
    url: listener.url,
    port: listener.port,
    state,
    experiments: state.experiments,
    runs: state.runs,
    metrics: state.metrics,
    evals: state.evals,
    checkpoints: state.checkpoints,
    predictions: state.predictions,
    requests,
    failNext: (failure) => failures.add(failure),
    reset() {
      state.clear();
      requests.length = 0;
      failures.clear();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
