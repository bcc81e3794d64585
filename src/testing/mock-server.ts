import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { refusal } from "./answer.js";
import { Backend } from "./backend.js";
import { receiveBody } from "./body.js";
import { Exchange } from "./exchange.js";
import { answerOf, type Failure, FailureQueue } from "./failures.js";
import { listen } from "./listen.js";
import { checkOptions } from "./option-checks.js";
import type { OpenRecord, RecordedRequest } from "./requests.js";
import type { CheckpointRow, EvalRow, ExperimentRow, MetricRow, PredictionRow, RunRow } from "./rows.js";
import { MockState } from "./state.js";

/** How a mock server behaves. */
export interface MockServerOptions {
  /** The port to listen on. Default 0: a free one. */
  readonly port?: number | undefined;
  /**
   * The address to listen on. Default 127.0.0.1, so that no other machine reaches it; `localhost` is that and ::1, as
   * callers of http://localhost may try either.
   */
  readonly host?: string | undefined;
  /** The only API key that is accepted. Default: any key that is not empty. */
  readonly apiKey?: string | undefined;
  /** How long every request is held back before it is worked on, in milliseconds. Default 0. */
  readonly latencyMs?: number | undefined;
  /** Whether a repeat of an Idempotency-Key is answered with the first answer. Default true; false ignores the header. */
  readonly honourIdempotencyKeys?: boolean | undefined;
  /** The largest body that is taken, in bytes; a larger one is answered with 413. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** What an earlier server held, to go on with its rows and keys. Default: nothing. */
  readonly state?: MockState | undefined;
  /** Whether `requests` is kept. Default true; false for a server that runs for days. */
  readonly keepRequests?: boolean | undefined;
  /**
   * Called once a request, when its fate is decided and before the caller learns of it: answered, left without an answer,
   * reset, or given up by its caller. Not called for what `stop()` cuts off. If it throws, the answer is a 500 that says so.
   */
  readonly onAnswer?: ((request: RecordedRequest) => void) | undefined;
}

/** A running mock server. The collections are live: the same arrays, growing as writes arrive. */
export interface MockServer extends AsyncDisposable {
  /** The base URL for a client, such as `http://127.0.0.1:41234`. */
  readonly url: string;
  /** The port it listens on, to start another one there after `stop()`. */
  readonly port: number;
  /** What it holds, to hand to another server. */
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
  /** The requests to this server in the order they arrived, whatever became of them. They hold no API key. */
  readonly requests: readonly RecordedRequest[];
  /** Makes the next requests fail. Call what it returns to take back what is left of the failure. */
  failNext(failure: Failure): () => void;
  /** Forgets all rows, requests, keys and failures. */
  reset(): void;
  /** Closes the port and all connections; what was not committed stays so. Resolves when the port is free. */
  stop(): Promise<void>;
}

/**
 * Starts a backend for tests: it keeps what it is sent in memory, and checks every request and its own answers against
 * the packaged OpenAPI document. Rejects with the system's error, such as EADDRINUSE, where it cannot listen,
 * and with a TypeError or a RangeError where an option does not fit.
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
  const { apiKey, honourIdempotencyKeys = true, state = new MockState(), keepRequests = true, onAnswer } = options;
  const backend = new Backend(state, { apiKey, honourIdempotencyKeys, maxBodyBytes });
  const requests: OpenRecord[] = [];
  const failures = new FailureQueue();
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);

  async function serve(request: IncomingMessage, exchange: Exchange): Promise<void> {
    const { record } = exchange;
    const body = await receiveBody(request, maxBodyBytes);
    if (stopping.signal.aborted) return;
    if (body === undefined) return exchange.leave();
    if (body.kind !== "too-large" && body.text !== "") record.body = body.kind === "json" ? body.value : body.text;
    const failure = failures.take(record);
    if (failure !== undefined) record.failure = failure;
    // All requests are held back equally, so the repeat of a key always comes after the first request of that key.
    if (latencyMs > 0) await sleep(latencyMs, undefined, { signal: stopping.signal });
    stopping.signal.throwIfAborted();
    if (failure === undefined || failure.afterCommit === true) {
      const answer = backend.answer(request, record, body);
      if (failure === undefined) return exchange.answer(answer);
    }
    if (failure.reset) exchange.reset();
    else if (failure.hang) exchange.hang();
    else exchange.answer(answerOf(failure));
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const exchange = new Exchange(request, response, onAnswer);
    if (keepRequests) requests.push(exchange.record);
    serve(request, exchange).catch((error: unknown) => {
      if (!stopping.signal.aborted) exchange.answer(refusal(500, `Mock server: ${String(error)}`));
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
