import { BAD_USAGE, COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** The command `evsys-sdk sync`. */
export const syncCommand = {
  summary: "Send pending writes to the backend.",
  usage: "evsys-sdk sync [dir…] [options]",
  about:
    "Sends the pending writes of mirrors: each exactly once, if the backend honours Idempotency-Key. It can be interrupted\n" +
    "and repeated at any time. Sync all mirrors of a campaign together, because an experiment may be in one mirror and its\n" +
    "runs in another. Default dir: EVSYS_LOG_DIR, else ./evsys_sdk. The backend, the API key and the project are set by\n" +
    "EVSYS_API_URL, EVSYS_API_KEY and EVSYS_PROJECT_ID.",
  takes: "folders",
  options: {
    "dry-run": { help: "Count pending writes without sending them. Needs no API key." },
    watch: { help: "Keep running and send new writes until SIGINT or SIGTERM." },
    "retry-rejected": { help: "Send rejected writes again." },
    adopt: { help: "Also send foreign rows, written by another client. The backend may already have some of them." },
    concurrency: { argument: "n", help: "Maximum number of rows of one stream in flight: 1 to 128 (default 8)." },
    "timeout-ms": { argument: "n", help: "Maximum time of one request, in milliseconds (default 30000)." },
    json: { help: "Print one JSON object." },
    ...COMMON,
  },
  examples: ["npx evsys-sdk sync", "npx evsys-sdk sync ./evsys_sdk /shared/evsys_sdk --watch"],
  exits: {
    [EXIT.DONE]: "everything was delivered",
    [EXIT.REJECTED]: "the backend rejected a write",
    [EXIT.USAGE]: BAD_USAGE,
    [EXIT.PENDING]:
      "writes are still pending: the backend is unavailable or does not know the run, or another process is sending",
    [EXIT.KEY_REJECTED]: "the backend rejected the API key",
  },
  load: () => import("./run.js"),
} as const satisfies Command;
