import { BAD_USAGE, COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** `evsys-sdk status`, with all that its help says. */
export const statusCommand = {
  summary: "Tell what of mirrors is delivered, pending and rejected.",
  usage: "evsys-sdk status [dir…] [options]",
  about:
    "Shows the experiments and runs of the mirrors with their writes, why some are held back, who is at work on them,\n" +
    "and the command to go on with. Asks no backend, takes no lock and writes nothing.",
  takes: "folders",
  options: { json: { help: "Print one JSON object." }, ...COMMON },
  examples: ["npx evsys-sdk status", "npx evsys-sdk status ./evsys_sdk --json"],
  exits: { [EXIT.DONE]: "the mirrors were read", [EXIT.USAGE]: BAD_USAGE },
  load: () => import("./run.js"),
} as const satisfies Command;
