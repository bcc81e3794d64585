import { type Config, prefersColour } from "../../config.js";
import { checkContract } from "../../contract/check.js";
import { PREFIX } from "../../contract/records.js";
import { isLoopback } from "../../util/loopback.js";
import { type Given, UsageError } from "../terminal/arguments.js";
import { ask, canAsk } from "../terminal/ask.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output } from "../terminal/output.js";
import { stopOnSignals } from "../terminal/stop-signals.js";
import { contractConfig } from "./options.js";
import { contractExitCode, printEnd, ResultLines } from "./report.js";

/** `evsys-sdk contract`. Whoever reads --json gets one object, whatever happens. */
export async function run(given: Given): Promise<ExitCode> {
  try {
    return await checked(given);
  } catch (error) {
    if (error instanceof UsageError && given.has("json")) {
      new Output(process.stdout).json({ error: error.message, exitCode: EXIT.USAGE });
    }
    throw error;
  }
}

async function checked(given: Given): Promise<ExitCode> {
  const config = contractConfig(given);
  const isJson = given.has("json");
  const notes = new Output(process.stderr, prefersColour(process.stderr));
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const mustAsk = !isLoopback(config.baseUrl) && !given.has("yes");
  if (mustAsk && !canAsk()) {
    const problem = `${config.baseUrl} is not this machine, and there is no terminal to ask on`;
    throw new UsageError(`${problem}; say --yes to write test records to it.`);
  }
  announce(notes, config);
  if (mustAsk && !(await ask("Write them?"))) {
    notes.line("Nothing was sent.");
    if (isJson) output.json({ error: "Nothing was sent: nobody agreed.", exitCode: EXIT.USAGE });
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
  notes.line("One of them names no project, as the document allows. They cannot be removed by these routes;");
  notes.line("at the end the experiments are marked is_valid=false.");
}
