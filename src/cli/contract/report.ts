import type { ContractReport } from "../../contract/check.js";
import type { CheckResult } from "../../contract/finding.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { type Output, paint, type Style } from "../terminal/output.js";
import { counted } from "../terminal/text.js";

/** The maximum number of differences to print per check; the JSON has all. */
const MAX_PRINTED = 5;
const STYLES = { conforms: "green", differs: "red", "not tested": "yellow" } as const satisfies Record<
  CheckResult["verdict"],
  Style
>;
const KEYS = {
  honoured: "Idempotency-Key is honoured: a repeat with the same key arrives once.",
  rejected:
    "Idempotency-Key: repeats are rejected, so writes whose response was lost count as rejected. A repeat must get the " +
    "first response.",
  ignored:
    "Idempotency-Key is ignored, which the schema allows: nothing is lost, but attempts whose response was lost may " +
    "arrive twice.",
  "in part":
    "Idempotency-Key is honoured by some routes only: writes to the others may arrive twice, or count as rejected.",
} as const;

/** Prints the result of a check, and its differences with their requests and responses. */
function printResult(output: Output, result: CheckResult): void {
  const { operation, check, verdict } = result;
  const why = verdict === "conforms" ? result.note : verdict === "not tested" ? result.reason : undefined;
  const more = why === undefined ? "" : `: ${why}`;
  output.line(paint(STYLES[verdict], verdict.padEnd(10)), `  ${operation.padEnd(16)}  ${check}${more}`);
  if (verdict !== "differs") return;
  const shown = result.differences.slice(0, MAX_PRINTED);
  for (const [at, { where, expected, got, request, response }] of shown.entries()) {
    output.line(`            ${where}: expected ${expected}, got ${got}`);
    // Several differences of one response are printed above their request.
    const next = shown[at + 1];
    if (next !== undefined && next.request.body === request.body && next.request.path === request.path) continue;
    const received = response === null ? "no response" : `${response.status} ${response.text}`;
    output.line(`              ${request.method} ${request.path} ${request.body} → ${received}`);
  }
  const left = result.differences.length - MAX_PRINTED;
  if (left > 0) output.line(`            and ${left} more; --json prints all.`);
}

/** Prints results as they arrive. Consecutive checks of a route that were skipped for the same reason share a line. */
export class ResultLines {
  readonly #output: Output;
  #skipped: Extract<CheckResult, { readonly verdict: "not tested" }>[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  /** Adds a result. Skipped checks are printed by the next `flush`. */
  add(result: CheckResult): void {
    const [first] = this.#skipped;
    const isMore =
      result.verdict === "not tested" && first?.operation === result.operation && first.reason === result.reason;
    if (!isMore) this.flush();
    if (result.verdict === "not tested") this.#skipped.push(result);
    else printResult(this.#output, result);
  }

  /** Prints the skipped checks. */
  flush(): void {
    const [first, ...more] = this.#skipped;
    this.#skipped = [];
    if (first === undefined) return;
    const check = more.length === 0 ? first.check : `${more.length + 1} checks`;
    printResult(this.#output, { ...first, check });
  }
}

/** Prints the summary, the test records and what to do next. */
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
    output.line(`  not visible in the responses: ${notSeen.join(", ")}`);
  }
  printExperiments(output, report);
  if (unreachable !== null) {
    output.line(`The backend at ${url} could not be reached: ${unreachable}.`);
    output.line("Start it, or set the right address with --url or EVSYS_API_URL.");
  }
  if (report.absent !== null) output.line(report.absent);
  if (report.isKeyRejected)
    output.line(
      "The backend rejected the API key. Set EVSYS_API_KEY or --api-key to a key with write access to the project.",
    );
  if (report.isStopped) output.line("Stopped before all checks were done.");
}

/** The exit code of `evsys-sdk contract`. */
export function contractExitCode({ isKeyRejected, unreachable, isStopped, absent, differs }: ContractReport): ExitCode {
  if (isKeyRejected) return EXIT.KEY_REJECTED;
  if (unreachable !== null || absent !== null || isStopped) return EXIT.PENDING;
  return differs > 0 ? EXIT.REJECTED : EXIT.DONE;
}

function printExperiments(output: Output, { experiments }: ContractReport): void {
  const marked = experiments.filter(({ isMarked }) => isMarked).length;
  if (marked > 0) output.line(`Marked ${counted(marked, "test experiment")} is_valid=false.`);
  for (const { name, id, isMarked } of experiments) {
    if (isMarked) continue;
    const what = id === null ? `The experiment ${name} may exist` : `The experiment ${name} (${id}) exists`;
    output.line(paint("yellow", `${what} and is not marked is_valid=false. Mark it in the backend.`));
  }
}
