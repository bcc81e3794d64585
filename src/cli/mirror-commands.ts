import { BAD_USAGE, COMMON, type Command } from "./command.js";
import { EXIT } from "./exit-codes.js";
import { exportCommand } from "./export/command.js";
import { uiCommand } from "./ui/command.js";

/** The commands that are about mirrors. */
export const mirrorCommands = {
  sync: {
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
    load: () => import("./sync.js"),
  },
  status: {
    summary: "Tell what of mirrors is delivered, pending and rejected.",
    usage: "evsys-sdk status [dir…] [options]",
    about:
      "Shows the experiments and runs of the mirrors with their writes, why some are held back, who is at work on them,\n" +
      "and the command to go on with. Asks no backend, takes no lock and writes nothing.",
    takes: "folders",
    options: { json: { help: "Print one JSON object." }, ...COMMON },
    examples: ["npx evsys-sdk status", "npx evsys-sdk status ./evsys_sdk --json"],
    exits: { [EXIT.DONE]: "the mirrors were read", [EXIT.USAGE]: BAD_USAGE },
    load: () => import("./status.js"),
  },
  ui: uiCommand,
  export: exportCommand,
  clean: {
    summary: "Remove what is delivered and old from mirrors.",
    usage: "evsys-sdk clean [dir…] [options]",
    about:
      "Removes the folders of runs and experiments that are wholly delivered and were last written some days ago, after\n" +
      "listing them and asking. Nothing that is pending, rejected, in use or another client's is ever removed.",
    takes: "folders",
    options: {
      days: { argument: "n", help: "How many days ago the last write must be (default 7)." },
      yes: { help: "Do not ask." },
      json: { help: "Print one JSON object." },
      ...COMMON,
    },
    examples: ["npx evsys-sdk clean", "npx evsys-sdk clean ./evsys_sdk --days 30 --yes"],
    exits: {
      [EXIT.DONE]: "what was agreed on is removed",
      [EXIT.USAGE]: `${BAD_USAGE}, or there is nobody to ask`,
    },
    load: () => import("./clean.js"),
  },
} as const satisfies Readonly<Record<string, Command>>;
