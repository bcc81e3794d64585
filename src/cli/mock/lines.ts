import type { RecordedRequest } from "../../testing/index.js";
import { type Output, type Piece, paint } from "../terminal/output.js";
import { counted } from "../terminal/text.js";
import type { MockOptions } from "./options.js";
import type { WrittenCounts } from "./state.js";

const EXAMPLE_KEY = "test-key";
const PROJECT_ID = "test-project";

/** The summary of a mock server's requests. */
export interface MockSummary {
  readonly requests: number;
  /** How many requests repeated a write with the same key. */
  readonly repeats: number;
  /** How many failures were simulated. */
  readonly failures: number;
  readonly written: WrittenCounts;
}

/** The output of the mock server. */
export interface MockLines {
  start(url: string, options: MockOptions): void;
  request(request: RecordedRequest): void;
  summary(summary: MockSummary): void;
}

/** Lines for people. */
export function plainLines(output: Output): MockLines {
  return {
    start(url, options) {
      output.line("Mock server listening on ", paint("bold", url), ". Press Ctrl-C to stop it; its data is not kept.");
      for (const line of optionNotes(options)) output.line(line);
      output.line("To use it, set in the client's environment:");
      output.line();
      output.line(`export EVSYS_API_URL=${url}`);
      output.line(`export EVSYS_API_KEY=${options.apiKey === undefined ? EXAMPLE_KEY : "<your --api-key>"}`);
      output.line(`export EVSYS_PROJECT_ID=${PROJECT_ID}`);
      output.line();
    },
    request(request) {
      const { method, path, durationMs = 0, repeated } = request;
      const failed = { before: "simulated failure", after: "simulated failure after the write" };
      const when = failureOf(request);
      output.line(
        statusPiece(request),
        ` ${method} ${path}`,
        paint("dim", ` ${durationMs.toFixed(0)} ms`),
        repeated ? paint("cyan", " repeat") : "",
        when === null ? "" : paint("yellow", ` ${failed[when]}`),
      );
    },
    summary({ requests, repeats, failures, written }) {
      output.line();
      const these = [counted(requests, "request"), counted(repeats, "repeat"), counted(failures, "simulated failure")];
      output.line(`Stopped after ${these.join(", ")}.`);
      output.line(`Written: ${writtenText(written)}.`);
    },
  };
}

/** Lines for programs: one JSON object each, distinguished by `event`. */
export function jsonLines(output: Output): MockLines {
  return {
    start(url, { apiKey }) {
      // A configured key is never printed.
      const key = { apiKey: apiKey === undefined ? EXAMPLE_KEY : null, takesAnyKey: apiKey === undefined };
      output.json({ event: "start", url, ...key, projectId: PROJECT_ID });
    },
    request(request) {
      const { method, path, status = null, end, committed, repeated } = request;
      const durationMs = Number((request.durationMs ?? 0).toFixed(3));
      const failure = failureOf(request);
      output.json({ event: "request", method, path, status, end, durationMs, committed, repeated, failure });
    },
    summary(summary) {
      output.json({ event: "summary", ...summary });
    },
  };
}

function optionNotes({ apiKey, host, failRate, latencyMs }: MockOptions): string[] {
  const isLoopback = /^(localhost|::1|127\..*)$/.test(host);
  return [
    apiKey === undefined ? "It accepts any API key." : "It accepts only the given API key.",
    ...(isLoopback ? [] : ["Other machines on the network can write to it."]),
    ...(latencyMs === 0 ? [] : [`It delays each request by ${latencyMs} ms.`]),
    ...(failRate === 0 ? [] : [`It fails ${percent(failRate)} of the requests, half of them after the write.`]),
  ];
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** Whether a request had a simulated failure, and whether before or after its write. */
function failureOf({ failure }: RecordedRequest): "before" | "after" | null {
  if (failure === undefined) return null;
  return failure.afterCommit === true ? "after" : "before";
}

function statusPiece({ status, end = "disconnected" }: RecordedRequest): Piece {
  if (status === undefined) return paint("yellow", end);
  return paint(status < 300 ? "green" : "red", String(status));
}

function writtenText({ experiments, runs, metrics, evals, checkpoints, predictions, patches }: WrittenCounts): string {
  const all = [
    [experiments, "experiment"],
    [runs, "run"],
    [metrics, "row of metrics", "rows of metrics"],
    [evals, "eval"],
    [checkpoints, "checkpoint"],
    [predictions, "prediction"],
    [patches, "patch", "patches"],
  ] as const;
  const some = all.filter(([count]) => count > 0).map(([count, thing, things]) => counted(count, thing, things));
  return some.length === 0 ? "nothing" : some.join(", ");
}
