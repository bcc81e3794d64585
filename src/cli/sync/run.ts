import { prefersColour } from "../../config.js";
import type { SyncReport } from "../../delivery/counters.js";
import { syncMirror } from "../../delivery/sync.js";
import { EvsysAuthError } from "../../errors.js";
import { MAX_TIMER_MS } from "../../util/timers.js";
import { mirrorRoots } from "../mirrors/folders.js";
import { type Given, UsageError } from "../terminal/arguments.js";
import { type ExitCode, exitCodeOf } from "../terminal/exit-codes.js";
import { Notices } from "../terminal/notices.js";
import { Output } from "../terminal/output.js";
import { stopOnSignals } from "../terminal/stop-signals.js";
import { ProgressBar } from "./progress-bar.js";
import { printReport, roundLine } from "./report.js";
import { watched } from "./watch.js";

/** `evsys-sdk sync`. */
export async function run(given: Given): Promise<ExitCode> {
  const concurrency = given.number("concurrency", 1, "whole");
  const timeoutMs = given.number("timeout-ms", 1, "whole", MAX_TIMER_MS);
  const [dryRun, watches, isJson] = [given.has("dry-run"), given.has("watch"), given.has("json")];
  if (dryRun && watches) throw new UsageError("--dry-run counts once and --watch goes on; give one of them.");
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
        // Later rounds of a watch would ask the same again, every second.
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
    const report = watches ? await watched(syncOnce, onRound, stop.signal) : await syncOnce(true);
    notices.end(report.blocked);
    if (isJson) output.json(report);
    else printReport(output, report, { roots, asked, dryRun, isStopped: stop.signal.aborted });
    return exitCodeOf(report);
  } catch (error) {
    throw error instanceof EvsysAuthError ? withoutCredentials(error) : error;
  } finally {
    stop.release();
  }
}

/** The error of a client names its options as the way out; here there is the environment alone. */
function withoutCredentials({ message }: EvsysAuthError): UsageError {
  const missing = ["EVSYS_API_KEY", "EVSYS_PROJECT_ID"].filter((name) => message.includes(name));
  return new UsageError(`Set ${missing.join(" and ")}: a sync needs a key and a project, a sync --dry-run does not.`);
}
