import { once } from "node:events";
import { codeOf } from "../../util/thrown.js";
import { startViewer, type ViewerServer } from "../../viewer/server.js";
import { mirrorRoots } from "../mirrors/folders.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output } from "../terminal/output.js";
import { deliveryOf } from "./delivery-state.js";
import { writeHtml } from "./html-file.js";
import { openBrowser } from "./open-browser.js";

const DEFAULT_PORT = 8765;
const MAX_PORT = 65_535;

/** Runs `evsys-sdk ui`. */
export async function run(given: ParsedArguments): Promise<ExitCode> {
  const port = given.number("port", 0, "integer", MAX_PORT) ?? DEFAULT_PORT;
  const output = new Output(process.stdout);
  const notes = new Output(process.stderr);
  const file = given.text("html");
  validateOptions(given, file);
  const roots = mirrorRoots(given.dirs, notes);
  if (file !== undefined) {
    await writeHtml(file, roots, given, notes);
    output.line(`Wrote ${file}.`);
    return EXIT.DONE;
  }
  const stop = Promise.race(["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => once(process, signal)));
  const server = await started(roots, port);
  try {
    if (port !== 0 && server.port !== port) notes.line(`Port ${port} is in use; listening on ${server.port}.`);
    output.line(`Viewer: ${server.url}`);
    output.line("Press Ctrl-C to stop it.");
    if (given.has("open") && !(await openBrowser(server.url))) {
      notes.line(`No browser could be opened. Open ${server.url} manually, or write a file with --html.`);
    }
    await stop;
  } finally {
    await server.stop();
  }
  return EXIT.DONE;
}

function validateOptions(given: ParsedArguments, file: string | undefined): void {
  if (file === "") throw new UsageError("--html requires a file name.");
  const other = ["run", "experiment"].find((option) => given.has(option));
  if (file === undefined && other !== undefined) throw new UsageError(`--${other} applies to --html only.`);
}

/** @throws UsageError if it cannot listen. */
async function started(roots: readonly string[], port: number): Promise<ViewerServer> {
  try {
    return await startViewer(roots, port, deliveryOf);
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") {
      throw new UsageError(`Port ${port} and the following ones are in use; use --port 0 for a free port.`);
    }
    if (codeOf(error) === "EACCES") {
      throw new UsageError(`Port ${port} requires privileges; use a --port above 1023.`);
    }
    throw error;
  }
}
