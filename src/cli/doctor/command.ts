import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** `evsys-sdk doctor`, with all that its help says. */
export const doctorCommand = {
  summary: "Find out why nothing arrives: check the settings, the way to the backend and the mirror.",
  usage: "evsys-sdk doctor [options]",
  about:
    "Tells which settings were found and where, whether the backend answers and takes the key, whether the mirror can be\n" +
    "written and what waits in it, and what to do about each. It creates nothing: the backend is sent a body that it can\n" +
    "only refuse, once with the key and once with a key that is made up. With EVSYS_OFFLINE nothing is sent at all.",
  options: {
    "timeout-ms": { argument: "n", help: "How long the backend may take to answer, in milliseconds (default 9000)." },
    json: { help: "Print one JSON object." },
    ...COMMON,
  },
  examples: ["npx evsys-sdk doctor", "EVSYS_API_URL=https://staging.example npx evsys-sdk doctor --json"],
  exits: {
    [EXIT.DONE]: "there is nothing to do",
    [EXIT.TO_DO]: "there is something to do, named with the check",
    [EXIT.USAGE]: "the command line is at fault",
  },
  load: () => import("./run.js"),
} as const satisfies Command;
