import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** `evsys-sdk ui`, with all that its help says. */
export const uiCommand = {
  summary: "Show mirrors in the browser.",
  usage: "evsys-sdk ui [dir…] [options]",
  about:
    "Serves a viewer of the mirrors on this machine until Ctrl-C: runs, curves, evals, checkpoints, predictions and\n" +
    "configurations. A run that is being written updates by itself. With --html it writes one self-contained file\n" +
    "instead and ends. Reads the mirrors only: it takes no lock, writes nothing to them and asks no backend. Default\n" +
    "dir: EVSYS_LOG_DIR, else ./evsys_sdk.",
  takes: "folders",
  options: {
    port: { argument: "n", help: "Port to listen on (default 8765). If it is in use, the next free port is taken." },
    open: { help: "Open the viewer in the browser." },
    html: { argument: "file", help: "Write a self-contained HTML file instead of serving." },
    run: { argument: "id", help: "With --html: include this run only. Repeatable." },
    experiment: { argument: "id", help: "With --html: include the runs of this experiment only. Repeatable." },
    ...COMMON,
  },
  examples: ["npx evsys-sdk ui --open", "npx evsys-sdk ui ./evsys_sdk --html runs.html"],
  exits: {
    [EXIT.DONE]: "the viewer was ended, or the file was written",
    [EXIT.USAGE]: "the command line, the mirror's folder, the port or the file is at fault",
  },
  load: () => import("./run.js"),
} as const satisfies Command;
