import type { ContractReport } from "../../contract/check.js";
import type { Result } from "../../contract/finding.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { type Output, paint, type Style } from "../terminal/output.js";
import { counted } from "../terminal/text.js";

/** How many differences of one check are printed; the JSON has all. */
const MOST_SHOWN = 5;
const STYLES = { conforms: "green", differs: "red", "not tested": "yellow" } as const satisfies Record<
  Result["verdict"],
  Style
>;
const KEYS = {
  honoured: "Idempotency-Key is honoured: a repeat with the same key arrives once.",
  refused:
    "Idempotency-Key: repeats are refused, so writes whose answer was lost count as rejected. Answer a repeat with the " +
    "first answer.",
  ignored:
    "Idempotency-Key is ignored, which the document allows: nothing is lost, but in-flight attempts whose answer " +
    "was lost may arrive twice.",
  "in part":
    "Idempotency-Key is honoured by some routes only: writes to the others may arrive twice, or count as rejected.",
} as const;

/** Prints what a check found: a line, and for each difference one, with what was sent and answered. */
function printResult(output: Output, result: Result): void {
  const { operation, check, verdict } = result;
  const why = verdict === "conforms" ? result.note : verdict === "not tested" ? result.reason : undefined;
  const more = why === undefined ? "" : `: ${why}`;
  output.line(paint(STYLES[verdict], verdict.padEnd(10)), `  ${operation.padEnd(16)}  ${check}${more}`);
  if (verdict !== "differs") return;
  const shown = result.differences.slice(0, MOST_SHOWN);
  for (const [at, { where, expected, got, request, answer }] of shown.entries()) {
    output.line(`            ${where}: expected ${expected}, got ${got}`);
    // Several differences of one answer stand above the request that it came of.
    const next = shown[at + 1];
    if (next !== undefined && next.request.body === request.body && next.request.path === request.path) continue;
    const answered = answer === null ? "no answer" : `${answer.status} ${answer.text}`;
    output.line(`              ${request.method} ${request.path} ${request.body} → ${answered}`);
  }
  const left = result.differences.length - MOST_SHOWN;
  if (left > 0) output.line(`            and ${left} more; --json prints all.`);
}

/** Prints results as they come; checks of a route that could not be made for one reason are one line. */
export class ResultLines {
  readonly #output: Output;
  #held: Extract<Result, { readonly verdict: "not tested" }>[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  /** Takes a result; one that may be of a row of many is held back. */
  add(result: Result): void {
    const [first] = this.#held;
    const isMore =
      result.verdict === "not tested" && first?.operation === result.operation && first.reason === result.reason;
    if (!isMore) this.flush();
    if (result.verdict === "not tested") this.#held.push(result);
    else printResult(this.#output, result);
  }

  /** Prints what was held back. */
  flush(): void {
    const [first, ...more] = this.#held;
    this.#held = [];
    if (first === undefined) return;
    const check = more.length === 0 ? first.check : `${more.length + 1} checks`;
    printResult(this.#output, { ...first, check });
  }
}

/** Prints what the checks came to, what they left behind and what to do next. */
export function printEnd(output: Output, report: ContractReport): void {
  const { conforms, differs, notTested, idempotencyKey, url, unreachable } = report;
  output.line();
  output.line(`${conforms} conform, ${differs} differ, ${notTested} not tested.`);
  if (idempotencyKey !== null) {
    const { notSeen, ...routes } = report.idempotencyRoutes;
    output.line(KEYS[idempotencyKey]);
    for (const [verdict, names] of Object.entries(routes)) {
      if (names.length > 0) output.line(`  ${verdict}: ${names.join(", ")}`);
    }
    output.line(`  cannot be seen from the answers: ${notSeen.join(", ")}`);
  }
  printExperiments(output, report);
  if (unreachable !== null) {
    output.line(`The backend at ${url} could not be reached: ${unreachable}.`);
    output.line("Start it, or name the right address with --url or EVSYS_API_URL.");
  }
  if (report.absent !== null) output.line(report.absent);
  if (report.isKeyRefused)
    output.line(
      "The backend refused the key; give one that may write to the project, with EVSYS_API_KEY or --api-key.",
    );
  if (report.isStopped) output.line("Stopped before all checks were made.");
}

/** How the command ends. */
export function contractExitCode({ isKeyRefused, unreachable, isStopped, absent, differs }: ContractReport): ExitCode {
  if (isKeyRefused) return EXIT.KEY_REFUSED;
  if (unreachable !== null || absent !== null || isStopped) return EXIT.PENDING;
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
