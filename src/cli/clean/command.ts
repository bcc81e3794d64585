import { BAD_USAGE, COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** The command `evsys-sdk clean`. */
export const cleanCommand = {
  summary: "Remove old, completely delivered runs and experiments from mirrors.",
  usage: "evsys-sdk clean [dir…] [options]",
  about:
    "Removes the folders of runs and experiments that are completely delivered and were last written some days ago. It\n" +
    "lists them and asks for confirmation first. Pending or rejected writes, folders in use and foreign rows are never\n" +
    "removed.",
  takes: "folders",
  options: {
    days: { argument: "n", help: "Minimum age of the last write, in days (default 7)." },
    yes: { help: "Do not ask for confirmation." },
    json: { help: "Print one JSON object." },
    ...COMMON,
  },
  examples: ["npx evsys-sdk clean", "npx evsys-sdk clean ./evsys_sdk --days 30 --yes"],
  exits: {
    [EXIT.DONE]: "the confirmed folders were removed",
    [EXIT.USAGE]: `${BAD_USAGE}, or no terminal to confirm on`,
  },
  load: () => import("./run.js"),
} as const satisfies Command;
