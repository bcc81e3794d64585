import { prefersColour, showsUnicode } from "../../config/terminal.js";
import { mirrorRoots } from "../mirrors/folders.js";
import type { ParsedArguments } from "../terminal/arguments.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output } from "../terminal/output.js";
import { compareRuns } from "./compare.js";
import { printComparison } from "./compare-report.js";
import { statusOptions } from "./options.js";
import { overviewOf } from "./overview.js";
import { printStatus } from "./report.js";
import { type MirrorStatus, type StatusReport, statusOf } from "./status.js";
import { printSummary } from "./summary-report.js";

/** Runs `evsys-sdk status`. */
export async function run(given: ParsedArguments): Promise<ExitCode> {
  const options = statusOptions(given);
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const overview = overviewOf(mirrorRoots(given.dirs, new Output(process.stderr)));
  if (options.compared.length > 0) {
    const comparison = compareRuns(overview, options.compared);
    if (options.isJson) output.json(comparison);
    else printComparison(output, comparison);
    return EXIT.DONE;
  }
  const status = statusOf(overview, options, options.isJson || showsUnicode(process.stdout));
  if (options.isJson) output.json(options.isSummary ? withoutLists(status) : status);
  else if (options.isSummary) printSummary(output, status, overview);
  else printStatus(output, status, overview);
  return EXIT.DONE;
}

function withoutLists({ mirrors, total, next, retry }: StatusReport) {
  const summaries = mirrors.map(({ root, total: all, note, summary }: MirrorStatus) => ({
    root,
    total: all,
    note,
    summary,
  }));
  return { mirrors: summaries, total, next, retry };
}
