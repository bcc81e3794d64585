import { COMMON, type Command } from "./command.js";
import { EXIT } from "./exit-codes.js";

/** The commands that are about backends. */
export const backendCommands = {
  doctor: {
    summary: "Find out why nothing arrives: check the settings, the way to the backend and the mirror.",
    usage: "evsys-sdk doctor [options]",
    about:
      "Tells which settings were found and where, whether the backend answers and takes the key, whether the mirror can be\n" +
      "written and what waits in it, and what to do about each. It creates nothing: the backend is sent a body that it can\n" +
      "only refuse, once with the key and once with a key that is made up. With EVSYS_OFFLINE nothing is sent at all.",
    options: {
      "timeout-ms": { argument: "n", help: "How long the backend may take to answer, in milliseconds (default 9000)." },
      json: { help: "Print one JSON object." },
      ...COMMON,
    },
    examples: ["npx evsys-sdk doctor", "EVSYS_API_URL=https://staging.example npx evsys-sdk doctor --json"],
    exits: {
      [EXIT.DONE]: "there is nothing to do",
      [EXIT.TO_DO]: "there is something to do, named with the check",
      [EXIT.USAGE]: "the command line is at fault",
    },
    load: () => import("./doctor.js"),
  },
  mock: {
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
    load: () => import("./mock.js"),
  },
  contract: {
    summary: "Check a live backend against the packaged OpenAPI document.",
    usage: "evsys-sdk contract [--url address] [options]",
    // It tells itself what is wrong with a word: it may be the address.
    takes: [],
    about:
      "Sends to all eight routes what the document allows, then what it forbids, holds every answer against it, and sees\n" +
      "whether Idempotency-Key is honoured. It writes test records: experiments named contract-test-…, with runs and rows.\n" +
      "The routes remove nothing; at the end, and when it is stopped, the experiments are marked is_valid=false. It asks\n" +
      "before it writes to a backend that is not on this machine. It sends about 220 requests, one at a time; a 429 is tried\n" +
      "again once, after its Retry-After (10 s at the most).",
    options: {
      url: { argument: "address", help: "The backend (default: EVSYS_API_URL, else http://localhost:8000)." },
      "api-key": { argument: "key", help: "The key; EVSYS_API_KEY keeps it out of the list of processes." },
      "project-id": { argument: "id", help: "The project to write to (default: EVSYS_PROJECT_ID)." },
      "timeout-ms": { argument: "n", help: "How long one request may take, in milliseconds (default 10000)." },
      yes: { help: "Do not ask." },
      json: { help: "Print one JSON object." },
      ...COMMON,
    },
    examples: [
      "npx evsys-sdk contract --url http://localhost:8000",
      "npx evsys-sdk contract --url https://staging.example --project-id contract-tests --yes --json",
    ],
    exits: {
      [EXIT.DONE]: "whatever was tested conforms",
      [EXIT.REJECTED]: "the backend differs from the document",
      [EXIT.USAGE]: "the command line or the configuration is at fault, or nobody agreed",
      [EXIT.PENDING]: "the backend could not be reached, something else answered, or the checks were stopped",
      [EXIT.KEY_REFUSED]: "the backend refused the key",
    },
    load: () => import("./contract.js"),
  },
} as const satisfies Readonly<Record<string, Command>>;
