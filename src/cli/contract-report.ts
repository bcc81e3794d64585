import type { ContractReport } from "../contract/check.js";
import type { Result } from "../contract/finding.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import { type Output, paint, type Style } from "./output.js";
import { counted } from "./text.js";

/** How many differences of one check are printed; the JSON has all. */
const MOST_SHOWN = 5;
const STYLES = { conforms: "green", differs: "red", "not tested": "yellow" } as const satisfies Record<
  Result["verdict"],
  Style
>;
const KEYS = {
  honoured: "Idempotency-Key is honoured: a write that is sent again arrives once.",
  ignored:
    "Idempotency-Key is ignored, which the document allows: nothing is lost, but in-flight attempts whose answer " +
    "was lost may arrive twice.",
  "in part":
    "Idempotency-Key is honoured by some routes only: nothing is lost, but writes to the others may arrive twice.",
} as const;

/** Prints what a check found: a line, and one for each difference. */
export function printResult(output: Output, result: Result): void {
  const { operation, check, verdict } = result;
  const why = verdict === "conforms" ? result.note : verdict === "not tested" ? result.reason : undefined;
  const more = why === undefined ? "" : `: ${why}`;
  output.line(paint(STYLES[verdict], verdict.padEnd(10)), `  ${operation.padEnd(16)}  ${check}${more}`);
  if (verdict !== "differs") return;
  for (const { where, expected, got } of result.differences.slice(0, MOST_SHOWN)) {
    output.line(`            ${where}: expected ${expected}, got ${got}`);
  }
  const left = result.differences.length - MOST_SHOWN;
  if (left > 0) output.line(`            and ${left} more; --json prints all.`);
}

/** Prints what the checks came to, what they left behind and what to do next. */
export function printEnd(output: Output, report: ContractReport): void {
  const { conforms, differs, notTested, idempotencyKey, url, unreachable } = report;
  output.line();
  output.line(`${conforms} conform, ${differs} differ, ${notTested} not tested.`);
  if (idempotencyKey !== null) output.line(KEYS[idempotencyKey]);
  printExperiments(output, report);
  if (unreachable !== null) {
    output.line(`The backend at ${url} could not be reached: ${unreachable}.`);
    output.line("Start it, or name the right address with --url or EVSYS_API_URL.");
  }
  if (report.isKeyRefused)
    output.line(
      "The backend refused the key; give one that may write to the project, with EVSYS_API_KEY or --api-key.",
    );
  if (report.isStopped) output.line("Stopped before all checks were made.");
}

/** How the command ends. */
export function contractExitCode({ isKeyRefused, unreachable, isStopped, differs }: ContractReport): ExitCode {
  if (isKeyRefused) return EXIT.KEY_REFUSED;
  if (unreachable !== null || isStopped) return EXIT.PENDING;
  return differs > 0 ? EXIT.REJECTED : EXIT.DONE;
}

function printExperiments(output: Output, { experiments }: ContractReport): void {
  const marked = experiments.filter(({ isMarked }) => isMarked).length;
  if (marked > 0) output.line(`Marked ${counted(marked, "test experiment")} is_valid=false.`);
  for (const { name, id, isMarked } of experiments) {
    if (isMarked) continue;
    const what = id === null ? `The experiment ${name} may be there` : `The experiment ${name} (${id}) is there`;
    output.line(paint("yellow", `${what} and is not marked; see to it at the backend.`));
  }
}
