import { once } from "node:events";
import { codeOf } from "../../util/thrown.js";
import { startViewer, type ViewerServer } from "../../viewer/server.js";
import { mirrorRoots } from "../mirrors/folders.js";
import { type Given, UsageError } from "../terminal/arguments.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output } from "../terminal/output.js";
import { deliveryOf } from "./delivery-state.js";
import { writeHtml } from "./html-file.js";
import { openBrowser } from "./open-browser.js";

const USUAL_PORT = 8765;
const LAST_PORT = 65_535;

/** `evsys-sdk ui`. */
export async function run(given: Given): Promise<ExitCode> {
  const port = given.number("port", 0, "whole", LAST_PORT) ?? USUAL_PORT;
  const output = new Output(process.stdout);
  const notes = new Output(process.stderr);
  const file = given.text("html");
  refuseUnfit(given, file);
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
    output.line("Press Ctrl-C to end it.");
    if (given.has("open") && !(await openBrowser(server.url))) {
      notes.line(`No browser could be opened. Open ${server.url} yourself, or write a file to copy with --html.`);
    }
    await stop;
  } finally {
    await server.stop();
  }
  return EXIT.DONE;
}

function refuseUnfit(given: Given, file: string | undefined): void {
  if (file === "") throw new UsageError("--html takes the name of a file.");
  const other = ["run", "experiment"].find((option) => given.has(option));
  if (file === undefined && other !== undefined) throw new UsageError(`--${other} applies to --html only.`);
}

/** @throws UsageError where it cannot listen. */
async function started(roots: readonly string[], port: number): Promise<ViewerServer> {
  try {
    return await startViewer(roots, port, deliveryOf);
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") {
      throw new UsageError(`Port ${port} and those after it are in use; use --port 0 for any free port.`);
    }
    if (codeOf(error) === "EACCES") {
      throw new UsageError(`Port ${port} needs more rights; use --port with a number above 1023.`);
    }
    throw error;
  }
}
