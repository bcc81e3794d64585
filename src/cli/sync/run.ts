import { prefersColour } from "../../config/terminal.js";
import type { SyncReport } from "../../delivery/counters.js";
import { syncMirror } from "../../delivery/sync.js";
import { EvsysAuthError } from "../../errors.js";
import { MAX_TIMER_MS } from "../../util/timers.js";
import { mirrorRoots } from "../mirrors/folders.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";
import { type ExitCode, exitCodeOf } from "../terminal/exit-codes.js";
import { Notices } from "../terminal/notices.js";
import { Output } from "../terminal/output.js";
import { stopOnSignals } from "../terminal/stop-signals.js";
import { ProgressBar } from "./progress-bar.js";
import { printReport, roundLine } from "./report.js";
import { watch } from "./watch.js";

/** Runs `evsys-sdk sync`. */
export async function run(given: ParsedArguments): Promise<ExitCode> {
  const concurrency = given.number("concurrency", 1, "integer");
  const timeoutMs = given.number("timeout-ms", 1, "integer", MAX_TIMER_MS);
  const [dryRun, watches, isJson] = [given.has("dry-run"), given.has("watch"), given.has("json")];
  if (dryRun && watches) throw new UsageError("--dry-run and --watch cannot be combined.");
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const bar = new ProgressBar(process.stderr);
  const notes = new Output({ write: (text) => bar.above(text) });
  const roots = mirrorRoots(given.dirs, notes);
  const notices = new Notices(notes);
  const stop = stopOnSignals(notes);
  const asked = ["adopt", "retry-rejected"].filter((name) => given.has(name)).map((name) => `--${name}`);

  const syncOnce = async (isFirst: boolean): Promise<SyncReport> => {
    try {
      return await syncMirror({
        logDirs: roots,
        dryRun,
        // Only the first round of a watch retries rejected writes.
        retryRejected: isFirst && given.has("retry-rejected"),
        adopt: given.has("adopt"),
        concurrency,
        timeoutMs,
        logger: notices,
        logLevel: "WARNING",
        onProgress: (counts) => bar.draw(counts),
        signal: stop.signal,
      });
    } finally {
      bar.clear();
    }
  };

  try {
    const onRound = (report: SyncReport): void => {
      if (!isJson) output.line(roundLine(report));
    };
    const report = watches ? await watch(syncOnce, onRound, stop.signal) : await syncOnce(true);
    notices.end(report.blocked);
    if (isJson) output.json(report);
    else printReport(output, report, { roots, options: asked, dryRun, isStopped: stop.signal.aborted });
    return exitCodeOf(report);
  } catch (error) {
    throw error instanceof EvsysAuthError ? withoutCredentials(error) : error;
  } finally {
    stop.release();
  }
}

/** Replaces the client's hint, which names its options: a sync is configured only by the environment. */
function withoutCredentials({ message }: EvsysAuthError): UsageError {
  const missing = ["EVSYS_API_KEY", "EVSYS_PROJECT_ID"].filter((name) => message.includes(name));
  return new UsageError(`Set ${missing.join(" and ")}. Only sync --dry-run works without an API key and a project.`);
}
