import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** The command `evsys-sdk doctor`. */
export const doctorCommand = {
  summary: "Diagnose problems: check the settings, the connection to the backend and the mirror.",
  usage: "evsys-sdk doctor [options]",
  about:
    "Shows the settings and their sources, whether the backend responds and accepts the API key, whether the mirror is\n" +
    "writable and has pending writes, and what to do about each problem. It creates nothing: it sends an invalid body,\n" +
    "once with your key and once with a random one. With EVSYS_OFFLINE it sends nothing.",
  options: {
    "timeout-ms": { argument: "n", help: "Maximum time to wait for the backend, in milliseconds (default 9000)." },
    json: { help: "Print one JSON object." },
    ...COMMON,
  },
  examples: ["npx evsys-sdk doctor", "EVSYS_API_URL=https://staging.example npx evsys-sdk doctor --json"],
  exits: {
    [EXIT.DONE]: "no problems",
    [EXIT.TO_DO]: "a check found a problem",
    [EXIT.USAGE]: "invalid command line",
  },
  load: () => import("./run.js"),
} as const satisfies Command;
