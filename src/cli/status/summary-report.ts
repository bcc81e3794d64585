import { rejectionText } from "../mirrors/parked-reasons.js";
import { type Output, paint } from "../terminal/output.js";
import { counted, number, time } from "../terminal/text.js";
import { amounts, stateOf, writesOf } from "./entity-report.js";
import type { Overview } from "./overview.js";
import { printEnd, printHeading } from "./report.js";
import type { StatusReport } from "./status.js";
import type { Summary } from "./summary.js";

const MAX_REASONS = 10;

/** Prints the counts of mirrors. */
export function printSummary(output: Output, { mirrors }: StatusReport, overview: Overview): void {
  for (const mirror of mirrors) {
    printHeading(output, mirror, overview);
    printCounts(output, mirror.summary);
    if (mirror.note !== null) output.line(mirror.note);
    output.line();
  }
  printEnd(output, overview);
}

function printCounts(output: Output, { runs, total, rejected, held, lastWriteAt }: Summary): void {
  const states = Object.entries(runs).sort(([, a], [, b]) => b - a);
  if (states.length > 0) {
    const pieces = states.flatMap(([state, count], at) => [`${at === 0 ? "" : ", "}${number(count)} `, stateOf(state)]);
    output.line("  runs        ", ...pieces);
  }
  output.line("  writes      ", ...amounts(total));
  if (lastWriteAt !== null) output.line("  last write  ", paint("dim", time(lastWriteAt)));
  for (const { of, writes, ...rejection } of rejected.slice(0, MAX_REASONS)) {
    output.line("  rejected    ", paint("red", `${writesOf(of, writes)}: ${rejectionText(rejection)}`));
  }
  for (const { reason, entities } of held.slice(0, MAX_REASONS)) {
    output.line(
      "  parked      ",
      paint("yellow", `${counted(entities, "experiment or run", "experiments or runs")}: ${reason}`),
    );
  }
  const left = Math.max(0, rejected.length - MAX_REASONS) + Math.max(0, held.length - MAX_REASONS);
  if (left > 0) output.line(`  and ${counted(left, "more reason")}; --json has all.`);
}
