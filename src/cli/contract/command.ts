import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** The command `evsys-sdk contract`. */
export const contractCommand = {
  summary: "Check a live backend against the packaged OpenAPI schema.",
  usage: "evsys-sdk contract [--url address] [options]",
  // It reports operands itself, because one may be the backend's address.
  takes: [],
  about:
    "Sends valid and invalid requests to all eight routes, validates every response, and checks whether Idempotency-Key\n" +
    "is honoured. It writes test records: experiments named contract-test-…, with runs and rows. The API cannot delete\n" +
    "them; at the end, or when stopped, the experiments are marked is_valid=false. It asks for confirmation before it\n" +
    "writes to a backend on another machine. It sends about 220 requests, one at a time, and retries a 429 once, after\n" +
    "its Retry-After (at most 10 s).",
  options: {
    url: { argument: "address", help: "The backend's URL (default: EVSYS_API_URL, else http://localhost:8000)." },
    "api-key": {
      argument: "key",
      help: "The API key. Prefer EVSYS_API_KEY, which is not visible in the process list.",
    },
    "project-id": { argument: "id", help: "The project to write to (default: EVSYS_PROJECT_ID)." },
    "timeout-ms": { argument: "n", help: "Maximum time of one request, in milliseconds (default 10000)." },
    yes: { help: "Do not ask for confirmation." },
    json: { help: "Print one JSON object." },
    ...COMMON,
  },
  examples: [
    "npx evsys-sdk contract --url http://localhost:8000",
    "npx evsys-sdk contract --url https://staging.example --project-id contract-tests --yes --json",
  ],
  exits: {
    [EXIT.DONE]: "everything tested conforms",
    [EXIT.REJECTED]: "the backend differs from the schema",
    [EXIT.USAGE]: "invalid command line or configuration, or not confirmed",
    [EXIT.PENDING]: "no backend at the address, or the checks were stopped",
    [EXIT.KEY_REJECTED]: "the backend rejected the API key",
  },
  load: () => import("./run.js"),
} as const satisfies Command;
