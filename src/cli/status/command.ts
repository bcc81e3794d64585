import { BAD_USAGE, COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** The command `evsys-sdk status`. */
export const statusCommand = {
  summary: "Show the runs of mirrors: their progress, and delivered, pending and rejected writes.",
  usage: "evsys-sdk status [dir…] [options]",
  about:
    "Shows the newest runs of the mirrors with their last values, best score and writes, why writes are parked, which\n" +
    "processes use them, and the command to continue with. It only reads the mirrors: it acquires no locks and does not\n" +
    "contact the backend. Default dir: EVSYS_LOG_DIR, else ./evsys_sdk.",
  takes: "folders",
  options: {
    run: { argument: "id", help: "Show only this run, by its local or backend id. Repeatable." },
    experiment: { argument: "id", help: "Show only this experiment and its runs. Repeatable." },
    failed: { help: "Show only failed runs and experiments." },
    limit: { argument: "n", help: "Maximum number of runs to show, newest first (default 20; with --json, all)." },
    summary: { help: "Show counts instead of experiments and runs." },
    compare: {
      argument: "id…",
      takesMany: true,
      help: "Compare two or more runs: different configuration, series, evals. Pass folders before it.",
    },
    json: { help: "Print one JSON object." },
    ...COMMON,
  },
  examples: [
    "npx evsys-sdk status",
    "npx evsys-sdk status ./evsys_sdk --failed --limit 100",
    "npx evsys-sdk status --compare 7d0f8c52 91bc04e7",
    "npx evsys-sdk status ./evsys_sdk --json",
  ],
  exits: { [EXIT.DONE]: "the mirrors were read", [EXIT.USAGE]: BAD_USAGE },
  load: () => import("./run.js"),
} as const satisfies Command;
