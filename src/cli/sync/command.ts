import { BAD_USAGE, COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** `evsys-sdk sync`, with all that its help says. */
export const syncCommand = {
  summary: "Send pending writes to the backend.",
  usage: "evsys-sdk sync [dir…] [options]",
  about:
    "Sends every write of the mirrors that the backend does not have yet, each exactly once where the backend honours\n" +
    "Idempotency-Key. It may be interrupted and repeated at any time. Mirrors of one campaign belong in one sync: an\n" +
    "experiment may be in one of them, its runs in another. Default dir: EVSYS_LOG_DIR, else ./evsys_sdk. The backend,\n" +
    "the key and the project come from EVSYS_API_URL, EVSYS_API_KEY and EVSYS_PROJECT_ID.",
  takes: "folders",
  options: {
    "dry-run": { help: "Count what is pending and send nothing; needs no key." },
    watch: { help: "Go on with what is written meanwhile, until SIGINT or SIGTERM." },
    "retry-rejected": { help: "Send again what the backend refused." },
    adopt: { help: "Send what another client wrote too; some of it may have reached the backend before." },
    concurrency: { argument: "n", help: "How many rows of one stream are in flight: 1 to 128 (default 8)." },
    "timeout-ms": { argument: "n", help: "Maximum time of one request, in milliseconds (default 30000)." },
    json: { help: "Print one JSON object." },
    ...COMMON,
  },
  examples: ["npx evsys-sdk sync", "npx evsys-sdk sync ./evsys_sdk /shared/evsys_sdk --watch"],
  exits: {
    [EXIT.DONE]: "all is delivered",
    [EXIT.REJECTED]: "the backend refused something",
    [EXIT.USAGE]: BAD_USAGE,
    [EXIT.PENDING]:
      "something is pending still: the backend is unavailable or does not know the run, or a live process sends it",
    [EXIT.KEY_REFUSED]: "the backend refused the key",
  },
  load: () => import("./run.js"),
} as const satisfies Command;
