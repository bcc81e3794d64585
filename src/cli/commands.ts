import type { Given, OptionSpecs } from "./arguments.js";
import { EXIT, type ExitCode } from "./exit-codes.js";

/** What runs a command. */
export interface CommandModule {
  run(given: Given): Promise<ExitCode>;
}

/** A command, with all that its help says. */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  readonly about: string;
  readonly options: OptionSpecs;
  readonly examples: readonly string[];
  /** What its exit codes mean. */
  readonly exits: Readonly<Partial<Record<ExitCode, string>>>;
  /** Loads what runs it, and with it what it needs. */
  readonly load: () => Promise<CommandModule>;
}

const HELP = { help: { help: "Show this help." } };
const BAD_USAGE = "the command line, the configuration or the mirror's folder is at fault";

/** The commands by name. */
export const commands = {
  sync: {
    summary: "Bring what is pending in mirrors to the backend.",
    usage: "evsys-sdk sync [dir…] [options]",
    about:
      "Sends every write of the mirrors that the backend does not have yet, each exactly once where the backend honours\n" +
      "Idempotency-Key. It may be interrupted and repeated at any time. Mirrors of one campaign belong in one sync: an\n" +
      "experiment may be in one of them, its runs in another. Default dir: EVSYS_LOG_DIR, else ./evsys_sdk. The backend,\n" +
      "the key and the project come from EVSYS_API_URL, EVSYS_API_KEY and EVSYS_PROJECT_ID.",
    options: {
      "dry-run": { help: "Count what is pending and send nothing; needs no key." },
      watch: { help: "Go on with what is written meanwhile, until SIGINT or SIGTERM." },
      "retry-rejected": { help: "Send again what the backend refused." },
      adopt: { help: "Send what another client wrote too; some of it may have reached the backend before." },
      concurrency: { argument: "n", help: "How many rows of one stream are in flight (default 8)." },
      json: { help: "Print one JSON object." },
      ...HELP,
    },
    examples: ["npx evsys-sdk sync", "npx evsys-sdk sync ./evsys_sdk /shared/evsys_sdk --watch"],
    exits: {
      [EXIT.DONE]: "all is delivered",
      [EXIT.REJECTED]: "the backend refused something",
      [EXIT.USAGE]: BAD_USAGE,
      [EXIT.PENDING]: "something is pending still: the backend is away, or a live process sends it",
      [EXIT.KEY_REFUSED]: "the backend refused the key",
    },
    load: () => import("./sync.js"),
  },
  status: {
    summary: "Tell what of mirrors is delivered, pending and rejected.",
    usage: "evsys-sdk status [dir…] [options]",
    about:
      "Shows the experiments and runs of the mirrors with their writes, why some are held back, who is at work on them,\n" +
      "and the command to go on with. Asks no backend, takes no lock and writes nothing.",
    options: { json: { help: "Print one JSON object." }, ...HELP },
    examples: ["npx evsys-sdk status", "npx evsys-sdk status ./evsys_sdk --json"],
    exits: { [EXIT.DONE]: "the mirrors were read", [EXIT.USAGE]: BAD_USAGE },
    load: () => import("./status.js"),
  },
  clean: {
    summary: "Remove what is delivered and old from mirrors.",
    usage: "evsys-sdk clean [dir…] [options]",
    about:
      "Removes the folders of runs and experiments that are wholly delivered and were last written some days ago, after\n" +
      "listing them and asking. Nothing that is pending, rejected, in use or another client's is ever removed.",
    options: {
      days: { argument: "n", help: "How many days ago the last write must be (default 7)." },
      yes: { help: "Do not ask." },
      json: { help: "Print one JSON object." },
      ...HELP,
    },
    examples: ["npx evsys-sdk clean", "npx evsys-sdk clean ./evsys_sdk --days 30 --yes"],
    exits: {
      [EXIT.DONE]: "what was agreed on is removed",
      [EXIT.USAGE]: `${BAD_USAGE}, or there is nobody to ask`,
    },
    load: () => import("./clean.js"),
  },
  mock: {
    summary: "Play the backend: check, answer and count what is sent, for tests and first steps.",
    usage: "evsys-sdk mock [options]",
    about:
      "Serves the backend's routes on this machine alone, holds every request against the packaged OpenAPI document, and\n" +
      "prints a line for each. Any HTTP client may use it. Experiments, runs and at least the last 100,000 idempotency keys are\n" +
      "kept in memory until SIGINT or SIGTERM; rows are counted. Without options, a client that has no EVSYS_API_URL finds it.",
    options: {
      port: { argument: "n", help: "Where to listen (default 8000); 0 takes a free port." },
      host: {
        argument: "address",
        help: "The address to listen on (default localhost); 0.0.0.0 lets other machines in.",
      },
      "api-key": { argument: "k", help: "The only API key that is accepted (default: any)." },
      "fail-rate": {
        argument: "p",
        help: "Fail this share of the requests (0 to 1) with 503, half of them after the write.",
      },
      "latency-ms": { argument: "n", help: "Hold back every request for so long, in milliseconds (default 0)." },
      json: { help: "Print JSON: one object a line for the start, each request and the summary." },
      ...HELP,
    },
    examples: ["npx evsys-sdk mock", "npx evsys-sdk mock --port 8001 --fail-rate 0.2 --latency-ms 50"],
    exits: {
      [EXIT.DONE]: "it was told to stop",
      [EXIT.USAGE]: "the command line is at fault, or it cannot listen there",
    },
    load: () => import("./mock.js"),
  },
  contract: {
    summary: "Check a live backend against the packaged OpenAPI document.",
    usage: "evsys-sdk contract [--url address] [options]",
    about:
      "Sends to all eight routes what the document allows, then what it forbids, holds every answer against it, and sees\n" +
      "whether Idempotency-Key is honoured. It writes test records: experiments named contract-test-…, with runs and rows.\n" +
      "The routes remove nothing; at the end, and when it is stopped, the experiments are marked is_valid=false. It asks\n" +
      "before it writes to a backend that is not on this machine.",
    options: {
      url: { argument: "address", help: "The backend (default: EVSYS_API_URL, else http://localhost:8000)." },
      "api-key": { argument: "key", help: "The key; EVSYS_API_KEY keeps it out of the list of processes." },
      "project-id": { argument: "id", help: "The project to write to (default: EVSYS_PROJECT_ID)." },
      "timeout-ms": { argument: "n", help: "How long one request may take, in milliseconds (default 10000)." },
      yes: { help: "Do not ask." },
      json: { help: "Print one JSON object." },
      ...HELP,
    },
    examples: [
      "npx evsys-sdk contract --url http://localhost:8000",
      "npx evsys-sdk contract --url https://staging.example --project-id contract-tests --yes --json",
    ],
    exits: {
      [EXIT.DONE]: "whatever was tested conforms",
      [EXIT.REJECTED]: "the backend differs from the document",
      [EXIT.USAGE]: "the command line or the configuration is at fault, or nobody agreed",
      [EXIT.PENDING]: "the backend could not be reached, or the checks were stopped",
      [EXIT.KEY_REFUSED]: "the backend refused the key",
    },
    load: () => import("./contract.js"),
  },
} as const satisfies Readonly<Record<string, Command>>;

/** The command of a name; undefined where there is none. */
export function commandOf(name: string): Command | undefined {
  const all: Readonly<Record<string, Command>> = commands;
  return Object.hasOwn(all, name) ? all[name] : undefined;
}
