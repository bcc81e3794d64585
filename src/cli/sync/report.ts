import { COUNTED, type Counted, type Counts, type SyncReport } from "../../delivery/counters.js";
import { syncCommand } from "../../delivery/exit-notice.js";
import { heldLines } from "../mirrors/parked-report.js";
import { isKeyRefused } from "../terminal/exit-codes.js";
import { type Output, type Piece, paint } from "../terminal/output.js";
import { counted, number } from "../terminal/text.js";

/** Under which circumstances a sync was made. */
export interface Circumstances {
  readonly roots: readonly string[];
  /** What else was asked of it that a next one has to be asked too. */
  readonly asked: readonly string[];
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

/** Prints what a sync did, what it left, why, and what to do next. */
export function printReport(output: Output, report: SyncReport, circumstances: Circumstances): void {
  const { roots, dryRun, isStopped } = circumstances;
  const { delivered, pending, rejected, skipped, failures = 0 } = report;
  const command = syncCommand(...roots);
  if (isStopped) output.line("Stopped.");
  if (delivered > 0) {
    const seconds = (report.durationMs / 1000).toFixed(1);
    output.line(...amount("green", "Delivered", report, "delivered"), ` in ${seconds} s.`);
  } else if (pending + rejected + failures === 0) {
    output.line("Nothing to deliver.");
  }
  if (pending > 0) {
    output.line(...amount("yellow", dryRun ? "To be sent" : "Pending", report, "pending"), ".");
    const lines = dryRun ? [`Send with: ${againOf(circumstances)}`] : reasons(report, circumstances);
    for (const line of lines) output.line("  ", line);
  }
  if (rejected > 0) {
    output.line(...amount("red", "Rejected", report, "rejected"), ".");
    output.line("  ", `What and why: ${command.replace(" sync", " status")}`);
    output.line("  ", `Send again with: ${command} --retry-rejected`);
  }
  if (failures > 0) output.line(paint("red", "Not everything could be read or written"), "; what, is said on stderr.");
  if (skipped > 0) output.line(...amount("dim", "Skipped", report, "skipped"), ".");
}

/** What one round of a watch did, on one line. */
export function roundLine(report: SyncReport): string {
  const { delivered, pending, rejected, blocked } = report;
  const why = pending > 0 && blocked !== undefined ? `: ${blocked}` : "";
  return `${number(delivered)} delivered, ${number(rejected)} rejected, ${number(pending)} pending${why}`;
}

function amount(
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

function againOf({ roots, asked }: Circumstances): string {
  return [syncCommand(...roots), ...asked].join(" ");
}

function reasons(report: SyncReport, circumstances: Circumstances): string[] {
  const { blocked } = report;
  const { roots, isStopped } = circumstances;
  const again = againOf(circumstances);
  if (isKeyRefused(report)) {
    return [`${blocked}`, `Set EVSYS_API_KEY to a key that may write to the project, then: ${again}`];
  }
  if (blocked !== undefined) return [sentence(blocked), `Go on with: ${again}`];
  if (isStopped) return [`Go on with: ${again}`];
  const held = heldLines(roots);
  if (held.length > 0) return [...held, `Once that is mended: ${again}`];
  return [`What holds it back: ${syncCommand(...roots).replace(" sync", " status")}`, `Go on with: ${again}`];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
