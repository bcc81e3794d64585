import type { RecordedRequest } from "../../testing/index.js";
import { type Output, type Piece, paint } from "../terminal/output.js";
import { counted } from "../terminal/text.js";
import type { MockOptions } from "./options.js";
import type { Written } from "./state.js";

const MADE_UP_KEY = "test-key";
const PROJECT_ID = "test-project";

/** What the mock server did until it was told to stop. */
export interface MockSummary {
  readonly requests: number;
  /** How many requests repeated a write under its key. */
  readonly repeats: number;
  /** How many requests were failed on purpose. */
  readonly failures: number;
  readonly written: Written;
}

/** What the mock server has to tell. */
export interface MockLines {
  start(url: string, options: MockOptions): void;
  request(request: RecordedRequest): void;
  summary(summary: MockSummary): void;
}

/** Lines for people. */
export function plainLines(output: Output): MockLines {
  return {
    start(url, options) {
      output.line("The mock server listens on ", paint("bold", url), ". Ctrl-C ends it, and what it was sent is gone.");
      for (const line of particulars(options)) output.line(line);
      output.line("Point a client at it:");
      output.line();
      output.line(`export EVSYS_API_URL=${url}`);
      output.line(`export EVSYS_API_KEY=${options.apiKey === undefined ? MADE_UP_KEY : "<the key you gave>"}`);
      output.line(`export EVSYS_PROJECT_ID=${PROJECT_ID}`);
      output.line();
    },
    request(request) {
      const { method, path, durationMs = 0, repeated } = request;
      const failed = { before: "failed on purpose", after: "failed on purpose after the write" };
      const when = failureOf(request);
      output.line(
        outcome(request),
        ` ${method} ${path}`,
        paint("dim", ` ${durationMs.toFixed(0)} ms`),
        repeated ? paint("cyan", " repeat") : "",
        when === null ? "" : paint("yellow", ` ${failed[when]}`),
      );
    },
    summary({ requests, repeats, failures, written }) {
      output.line();
      const these = [
        counted(requests, "request"),
        counted(repeats, "repeat"),
        `${counted(failures, "failure")} on purpose`,
      ];
      output.line(`Stopped after ${these.join(", ")}.`);
      output.line(`Written: ${amounts(written)}.`);
    },
  };
}

/** Lines for programs: one JSON object each, told apart by `event`. */
export function jsonLines(output: Output): MockLines {
  return {
    start(url, { apiKey }) {
      // A key that was given is nobody's to read here: whoever gave it has it.
      const key = { apiKey: apiKey === undefined ? MADE_UP_KEY : null, takesAnyKey: apiKey === undefined };
      output.json({ event: "start", url, ...key, projectId: PROJECT_ID });
    },
    request(request) {
      const { method, path, status = null, fate, committed, repeated } = request;
      const durationMs = Number((request.durationMs ?? 0).toFixed(3));
      const failure = failureOf(request);
      output.json({ event: "request", method, path, status, fate, durationMs, committed, repeated, failure });
    },
    summary(summary) {
      output.json({ event: "summary", ...summary });
    },
  };
}

function particulars({ apiKey, host, failRate, latencyMs }: MockOptions): string[] {
  const isLoopback = /^(localhost|::1|127\..*)$/.test(host);
  return [
    apiKey === undefined ? "It takes any API key." : "It takes the API key you gave and no other.",
    ...(isLoopback ? [] : ["Every machine that reaches this one can write to it."]),
    ...(latencyMs === 0 ? [] : [`It holds every request back for ${latencyMs} ms.`]),
    ...(failRate === 0 ? [] : [`It fails ${percent(failRate)} of the requests, half of those after the write.`]),
  ];
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** Whether a request was failed on purpose, and if so whether before or after its write. */
function failureOf({ failure }: RecordedRequest): "before" | "after" | null {
  if (failure === undefined) return null;
  return failure.afterCommit === true ? "after" : "before";
}

function outcome({ status, fate = "gone" }: RecordedRequest): Piece {
  if (status === undefined) return paint("yellow", fate);
  return paint(status < 300 ? "green" : "red", String(status));
}

function amounts({ experiments, runs, metrics, evals, checkpoints, predictions, patches }: Written): string {
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
