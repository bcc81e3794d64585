import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { wrapFsError } from "../../store/files.js";
import { type CatalogRun, runsIn } from "../../store/run-catalog.js";
import { codeOf } from "../../util/thrown.js";
import { mirrorRoots } from "../mirrors/folders.js";
import { noteOtherProjects } from "../mirrors/other-projects.js";
import { selectedRuns, wantedIds } from "../mirrors/run-selection.js";
import type { ParsedArguments } from "../terminal/arguments.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Notices } from "../terminal/notices.js";
import { Output } from "../terminal/output.js";
import { columnsOf, seriesColumns, wideColumns } from "./columns.js";
import { type ExportOptions, exportOptions } from "./options.js";
import { type Report, recordsOf, seriesNames } from "./records.js";
import { csvText, jsonLinesText } from "./text.js";

/** Runs `evsys-sdk export`. */
export async function run(given: ParsedArguments): Promise<ExitCode> {
  const options = exportOptions(given);
  const notes = new Output(process.stderr);
  const roots = mirrorRoots(given.dirs, notes);
  const runs = selectedRuns(wantedIds(given), roots.flatMap(runsIn));
  noteOtherProjects(runs, notes);
  const notices = new Notices(notes);
  for (const { problem } of runs) if (problem !== undefined) notices.warn(problem);
  await write(
    textOf(options, runs, (message) => notices.warn(message)),
    options.output,
  );
  notices.end();
  return EXIT.DONE;
}

function textOf({ stream, format, isWide }: ExportOptions, runs: readonly CatalogRun[], report: Report) {
  if (isWide && (stream === "metrics" || stream === "evals")) {
    const columns = wideColumns(stream);
    const ofSeries = seriesColumns(columns, seriesNames(stream, runs));
    const records = recordsOf(stream, runs, report, (series) => ofSeries.get(series) ?? series);
    return format === "csv" ? csvText([...columns, ...ofSeries.values()], records) : jsonLinesText(records);
  }
  const records = recordsOf(stream, runs, report);
  return format === "csv" ? csvText(columnsOf(stream), records) : jsonLinesText(records);
}

/** Writes pieces of text with backpressure. A reader that closes the pipe, such as `head`, ends it. */
async function write(pieces: Iterable<string>, path: string | undefined): Promise<void> {
  const source = Readable.from(pieces, { objectMode: true, highWaterMark: 1 });
  if (path === undefined) {
    await pipeline(source, process.stdout, { end: false }).catch((error: unknown) => {
      if (codeOf(error) !== "EPIPE" && codeOf(error) !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
    });
    return;
  }
  await pipeline(source, createWriteStream(path)).catch((error: unknown) => {
    wrapFsError("write the file", path, () => {
      throw error;
    });
  });
}
