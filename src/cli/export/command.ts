import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** The streams that can be exported. */
export const EXPORTED_STREAMS = ["metrics", "evals", "predictions", "checkpoints", "runs"] as const;

/** The formats of an export. */
export const EXPORT_FORMATS = ["csv", "jsonl"] as const;

/** The command `evsys-sdk export`. */
export const exportCommand = {
  summary: "Export the rows of mirrors as CSV or JSON Lines.",
  usage: "evsys-sdk export [dir…] --stream name [options]",
  about:
    "Prints one stream of every run, or of the runs that --run and --experiment select. Metrics and evals have one line\n" +
    "per value; with --wide, one line per row and one column per series. It only reads the mirror: it acquires no locks\n" +
    "and does not contact the backend. Default dir: EVSYS_LOG_DIR, else ./evsys_sdk.",
  takes: "folders",
  options: {
    stream: { argument: "name", help: `What to export: ${EXPORTED_STREAMS.join(", ")}.` },
    format: { argument: "name", help: "csv or jsonl (default csv)." },
    run: { argument: "id", help: "Export this run only. Repeatable." },
    experiment: { argument: "id", help: "Export the runs of this experiment only. Repeatable." },
    wide: { help: "Print one column per series of metrics or evals." },
    output: { argument: "file", short: "o", help: "Write to a file (default: standard output)." },
    ...COMMON,
  },
  examples: [
    "npx evsys-sdk export --stream metrics -o metrics.csv",
    "npx evsys-sdk export ./evsys_sdk --stream evals --wide --format jsonl",
  ],
  exits: {
    [EXIT.DONE]: "the rows were exported",
    [EXIT.USAGE]: "invalid command line, mirror folder or output file",
  },
  load: () => import("./run.js"),
} as const satisfies Command;
