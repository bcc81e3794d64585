import { BAD_USAGE, COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** `evsys-sdk clean`, with all that its help says. */
export const cleanCommand = {
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
  load: () => import("./run.js"),
} as const satisfies Command;
