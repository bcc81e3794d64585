import manifest from "../../../package.json" with { type: "json" };
import { variables } from "../../config/environment.js";
import { prefersColour } from "../../config/terminal.js";
import { TextRedactor } from "../../contract/text-redactor.js";
import { MAX_TIMER_MS } from "../../util/timers.js";
import type { ParsedArguments } from "../terminal/arguments.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output, paint, type Style } from "../terminal/output.js";
import { counted } from "../terminal/text.js";
import { checkBackend } from "./backend.js";
import type { DoctorCheck } from "./check.js";
import { checkMirror } from "./mirror.js";
import { checkNode } from "./node.js";
import { checkProxy } from "./proxy.js";
import { checkSettings } from "./settings.js";

const DEFAULT_TIMEOUT_MS = 9_000;
const STYLES = { ok: "green", "to do": "yellow", skipped: "dim" } as const satisfies Record<
  DoctorCheck["verdict"],
  Style
>;

/** Runs `evsys-sdk doctor`. */
export async function run(given: ParsedArguments): Promise<ExitCode> {
  const leftMs = given.number("timeout-ms", 1, "integer", MAX_TIMER_MS) ?? DEFAULT_TIMEOUT_MS;
  const isJson = given.has("json");
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const found = variables();
  const redactor = new TextRedactor(found.EVSYS_API_KEY);
  const checks: DoctorCheck[] = [];
  const report = (...made: readonly DoctorCheck[]): void => {
    for (const each of made) {
      // The key may be in the wrong place, such as in the address.
      const check = { ...each, found: redactor.redact(each.found), next: each.next && redactor.redact(each.next) };
      checks.push(check);
      if (!isJson) print(output, check);
    }
  };

  const { config, logDir, checks: settings } = checkSettings(found);
  report(checkNode(process.versions.node, manifest.engines.node), ...settings, checkProxy(found, config?.baseUrl));
  report(...(await checkBackend(config, leftMs)));
  const source = found.EVSYS_LOG_DIR === undefined ? "the default" : "from EVSYS_LOG_DIR";
  report(...(await checkMirror(logDir, source, config?.offline === true)));

  const left = checks.filter(({ verdict }) => verdict === "to do").length;
  if (isJson) output.json({ ok: left === 0, checks });
  else printEnd(output, left);
  return left === 0 ? EXIT.DONE : EXIT.TO_DO;
}

function print(output: Output, { check, verdict, found, next }: DoctorCheck): void {
  output.line(
    paint(STYLES[verdict], verdict.padEnd(7)),
    `  ${check.padEnd(10)}  ${found}${next === null ? "" : ` ${next}`}`,
  );
}

function printEnd(output: Output, left: number): void {
  output.line();
  output.line(left === 0 ? "No problems found." : `Problems found by ${counted(left, "check")}; see above.`);
}
