import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** `evsys-sdk contract`, with all that its help says. */
export const contractCommand = {
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
  load: () => import("./run.js"),
} as const satisfies Command;
