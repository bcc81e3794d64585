import { COUNTED, type Counted, type Counts, type SyncReport } from "../../delivery/counters.js";
import { syncCommand } from "../../delivery/exit-notice.js";
import { parkedLines } from "../mirrors/parked-report.js";
import { isKeyRejected } from "../terminal/exit-codes.js";
import { type Output, type Piece, paint } from "../terminal/output.js";
import { counted, number } from "../terminal/text.js";

/** The options and the state of a sync that its report depends on. */
export interface SyncContext {
  readonly roots: readonly string[];
  /** The options to repeat in the next sync. */
  readonly options: readonly string[];
  readonly dryRun: boolean;
  readonly isStopped: boolean;
}

const SINGULAR = {
  experiments: "experiment",
  runs: "run",
  checkpoints: "checkpoint",
  evals: "eval",
  metrics: "row of metrics",
  predictions: "prediction",
  patches: "patch",
} as const satisfies Record<Counted, string>;
const PLURAL: Partial<Record<Counted, string>> = { metrics: "rows of metrics", patches: "patches" };

/** Prints the result of a sync, why writes are pending, and what to do next. */
export function printReport(output: Output, report: SyncReport, context: SyncContext): void {
  const { roots, dryRun, isStopped } = context;
  const { delivered, pending, rejected, skipped, failures = 0 } = report;
  const command = syncCommand(...roots);
  if (isStopped) output.line("Stopped.");
  if (delivered > 0) {
    const seconds = (report.durationMs / 1000).toFixed(1);
    output.line(...countPieces("green", "Delivered", report, "delivered"), ` in ${seconds} s.`);
  } else if (pending + rejected + failures === 0) {
    output.line("Nothing to deliver.");
  }
  if (pending > 0) {
    output.line(...countPieces("yellow", dryRun ? "To send" : "Pending", report, "pending"), ".");
    const lines = dryRun ? [`Send with: ${syncAgain(context)}`] : reasons(report, context);
    for (const line of lines) output.line("  ", line);
  }
  if (rejected > 0) {
    output.line(...countPieces("red", "Rejected", report, "rejected"), ".");
    output.line("  ", `See why with: ${command.replace(" sync", " status")}`);
    output.line("  ", `Send again with: ${command} --retry-rejected`);
  }
  if (failures > 0) output.line(paint("red", "Some files could not be read or written"), "; see stderr.");
  if (skipped > 0) output.line(...countPieces("dim", "Skipped", report, "skipped"), ".");
}

/** The result of one round of --watch, on one line. */
export function roundLine(report: SyncReport): string {
  const { delivered, pending, rejected, blocked } = report;
  const why = pending > 0 && blocked !== undefined ? `: ${blocked}` : "";
  return `${number(delivered)} delivered, ${number(rejected)} rejected, ${number(pending)} pending${why}`;
}

function countPieces(
  style: "green" | "yellow" | "red" | "dim",
  word: string,
  report: SyncReport,
  of: keyof Counts,
): Piece[] {
  const parts = COUNTED.filter((kind) => report.byKind[kind][of] > 0).map((kind) =>
    counted(report.byKind[kind][of], SINGULAR[kind], PLURAL[kind]),
  );
  return [paint(style, `${word} ${number(report[of])}`), ` (${parts.join(", ")})`];
}

function syncAgain({ roots, options: asked }: SyncContext): string {
  return [syncCommand(...roots), ...asked].join(" ");
}

function reasons(report: SyncReport, context: SyncContext): string[] {
  const { blocked } = report;
  const { roots, isStopped } = context;
  const again = syncAgain(context);
  if (isKeyRejected(report)) {
    return [`${blocked}`, `Set EVSYS_API_KEY to a key with write access to the project, then: ${again}`];
  }
  if (blocked !== undefined) return [sentence(blocked), `Continue with: ${again}`];
  if (isStopped) return [`Continue with: ${again}`];
  const held = parkedLines(roots);
  if (held.length > 0) return [...held, `Once this is fixed: ${again}`];
  return [`See why with: ${syncCommand(...roots).replace(" sync", " status")}`, `Continue with: ${again}`];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
