import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** The command `evsys-sdk ui`. */
export const uiCommand = {
  summary: "Show mirrors in the browser.",
  usage: "evsys-sdk ui [dir…] [options]",
  about:
    "Serves a viewer of the mirrors on this machine until Ctrl-C: runs, curves, evals, checkpoints, predictions and\n" +
    "configurations. Active runs update automatically. With --html it writes one self-contained file instead. It only\n" +
    "reads the mirrors: it acquires no locks and does not contact the backend. Default dir: EVSYS_LOG_DIR, else\n" +
    "./evsys_sdk.",
  takes: "folders",
  options: {
    port: { argument: "n", help: "Port to listen on (default 8765). If it is in use, the next free port is used." },
    open: { help: "Open the viewer in the browser." },
    html: { argument: "file", help: "Write a self-contained HTML file instead of serving." },
    run: { argument: "id", help: "With --html: include this run only. Repeatable." },
    experiment: { argument: "id", help: "With --html: include the runs of this experiment only. Repeatable." },
    ...COMMON,
  },
  examples: ["npx evsys-sdk ui --open", "npx evsys-sdk ui ./evsys_sdk --html runs.html"],
  exits: {
    [EXIT.DONE]: "the viewer was stopped, or the file was written",
    [EXIT.USAGE]: "invalid command line, mirror folder, port or file",
  },
  load: () => import("./run.js"),
} as const satisfies Command;
