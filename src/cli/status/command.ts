import { BAD_USAGE, COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** `evsys-sdk status`, with all that its help says. */
export const statusCommand = {
  summary: "Show the runs of mirrors: how far they are, and what is delivered, pending and rejected.",
  usage: "evsys-sdk status [dir…] [options]",
  about:
    "Shows the newest runs of the mirrors with their last values, their best score and their writes, why some are held\n" +
    "back, who is at work on them, and the command to go on with. Asks no backend, takes no lock and writes nothing.\n" +
    "Default dir: EVSYS_LOG_DIR, else ./evsys_sdk.",
  takes: "folders",
  options: {
    run: { argument: "id", help: "Show this run only, by its id here or at the backend. Repeatable." },
    experiment: { argument: "id", help: "Show this experiment and its runs only. Repeatable." },
    failed: { help: "Show only what has failed." },
    limit: { argument: "n", help: "How many runs to show, newest first (default 20; with --json, all)." },
    summary: { help: "Show counts instead of experiments and runs." },
    compare: {
      argument: "id…",
      takesMany: true,
      help: "Show two or more runs side by side: configuration that differs, series, evals. Folders go first.",
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
