import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** `evsys-sdk mock`, with all that its help says. */
export const mockCommand = {
  summary: "Play the backend: check, answer and count what is sent, for tests and first steps.",
  usage: "evsys-sdk mock [options]",
  about:
    "Serves the backend's routes on this machine alone, holds every request against the packaged OpenAPI document, and\n" +
    "prints a line for each. Any HTTP client may use it. Experiments, runs and at least the last 100,000 idempotency keys are\n" +
    "kept in memory until SIGINT or SIGTERM; rows are counted. Without options, a client that has no EVSYS_API_URL finds it.",
  options: {
    port: { argument: "n", help: "Where to listen (default 8000); 0 takes a free port." },
    host: {
      argument: "address",
      help: "The address to listen on (default localhost); 0.0.0.0 lets other machines in.",
    },
    "api-key": { argument: "k", help: "The only API key that is accepted (default: any)." },
    "fail-rate": {
      argument: "p",
      help: "Fail this share of the requests (0 to 1) with 503, half of them after the write.",
    },
    "latency-ms": { argument: "n", help: "Hold back every request for so long, in milliseconds (default 0)." },
    json: { help: "Print JSON: one object a line for the start, each request and the summary." },
    ...COMMON,
  },
  examples: ["npx evsys-sdk mock", "npx evsys-sdk mock --port 8001 --fail-rate 0.2 --latency-ms 50"],
  exits: {
    [EXIT.DONE]: "it was told to stop",
    [EXIT.USAGE]: "the command line is at fault, or it cannot listen there",
  },
  load: () => import("./run.js"),
} as const satisfies Command;
