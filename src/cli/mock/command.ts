import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** The command `evsys-sdk mock`. */
export const mockCommand = {
  summary: "Run a mock backend for tests and local development.",
  usage: "evsys-sdk mock [options]",
  about:
    "Serves the backend's routes on this machine, validates every request against the packaged OpenAPI schema and prints\n" +
    "a line for each. Any HTTP client can use it. Experiments, runs and the last 100,000 idempotency keys are kept in memory\n" +
    "until SIGINT or SIGTERM; rows are only counted. Without options it listens at the default EVSYS_API_URL of clients.",
  options: {
    port: { argument: "n", help: "Port to listen on (default 8000); 0 picks a free port." },
    host: {
      argument: "address",
      help: "Address to listen on (default localhost); 0.0.0.0 accepts connections from other machines.",
    },
    "api-key": { argument: "key", help: "The only API key to accept (default: any)." },
    "fail-rate": {
      argument: "p",
      help: "Fail this fraction of requests (0 to 1) with 503, half of them after the write.",
    },
    "latency-ms": { argument: "n", help: "Delay each request by this time, in milliseconds (default 0)." },
    json: { help: "Print JSON Lines: an object for the start, each request and the summary." },
    ...COMMON,
  },
  examples: ["npx evsys-sdk mock", "npx evsys-sdk mock --port 8001 --fail-rate 0.2 --latency-ms 50"],
  exits: {
    [EXIT.DONE]: "stopped by a signal",
    [EXIT.USAGE]: "invalid command line, or the address is not available",
  },
  load: () => import("./run.js"),
} as const satisfies Command;
