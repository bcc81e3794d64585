import { prefersColour } from "../../config/terminal.js";
import type { Config } from "../../config.js";
import { checkContract } from "../../contract/check.js";
import { PREFIX } from "../../contract/records.js";
import { isLoopback } from "../../util/loopback.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";
import { ask, canAsk } from "../terminal/ask.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output } from "../terminal/output.js";
import { stopOnSignals } from "../terminal/stop-signals.js";
import { contractConfig } from "./options.js";
import { contractExitCode, printEnd, ResultLines } from "./report.js";

/** Runs `evsys-sdk contract`. With --json, usage errors are printed as JSON too. */
export async function run(given: ParsedArguments): Promise<ExitCode> {
  try {
    return await checked(given);
  } catch (error) {
    if (error instanceof UsageError && given.has("json")) {
      new Output(process.stdout).json({ error: error.message, exitCode: EXIT.USAGE });
    }
    throw error;
  }
}

async function checked(given: ParsedArguments): Promise<ExitCode> {
  const config = contractConfig(given);
  const isJson = given.has("json");
  const notes = new Output(process.stderr, prefersColour(process.stderr));
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const mustAsk = !isLoopback(config.baseUrl) && !given.has("yes");
  if (mustAsk && !canAsk()) {
    const problem = `${config.baseUrl} is not on this machine, and there is no terminal to confirm on`;
    throw new UsageError(`${problem}; use --yes to write test records to it.`);
  }
  announce(notes, config);
  if (mustAsk && !(await ask("Write them?"))) {
    notes.line("Nothing was sent.");
    if (isJson) output.json({ error: "Nothing was sent: not confirmed.", exitCode: EXIT.USAGE });
    return EXIT.USAGE;
  }
  const stop = stopOnSignals(notes);
  try {
    const lines = new ResultLines(output);
    const report = await checkContract({
      config,
      signal: stop.signal,
      ...(isJson ? {} : { onResult: (result) => lines.add(result) }),
    });
    const exitCode = contractExitCode(report);
    if (isJson) output.json({ ...report, exitCode });
    else {
      lines.flush();
      printEnd(output, report);
    }
    return exitCode;
  } finally {
    stop.release();
  }
}

function announce(notes: Output, { baseUrl, projectId }: Config): void {
  notes.line(
    `Writes test records to ${baseUrl}, project ${projectId}: experiments named ${PREFIX}-…, with runs and rows.`,
  );
  notes.line("One experiment has no project, which the schema allows. The API cannot delete them;");
  notes.line("at the end, the experiments are marked is_valid=false.");
}
