import manifest from "../../../package.json" with { type: "json" };
import { prefersColour, variables } from "../../config.js";
import { Words } from "../../contract/words.js";
import { MAX_TIMER_MS } from "../../util/timers.js";
import type { Given } from "../terminal/arguments.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output, paint, type Style } from "../terminal/output.js";
import { checkBackend } from "./backend.js";
import type { Check } from "./check.js";
import { checkMirror } from "./mirror.js";
import { checkNode } from "./node.js";
import { checkProxy } from "./proxy.js";
import { checkSettings } from "./settings.js";

const USUAL_TIMEOUT_MS = 9_000;
const STYLES = { ok: "green", "to do": "yellow", skipped: "dim" } as const satisfies Record<Check["verdict"], Style>;

/** `evsys-sdk doctor`. */
export async function run(given: Given): Promise<ExitCode> {
  const leftMs = given.number("timeout-ms", 1, "whole", MAX_TIMER_MS) ?? USUAL_TIMEOUT_MS;
  const isJson = given.has("json");
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const found = variables();
  const words = new Words(found.EVSYS_API_KEY);
  const checks: Check[] = [];
  const tell = (...made: readonly Check[]): void => {
    for (const each of made) {
      // Somebody may have put the key where it does not belong, such as into the address.
      const check = { ...each, found: words.clean(each.found), next: each.next && words.clean(each.next) };
      checks.push(check);
      if (!isJson) print(output, check);
    }
  };

  const { config, logDir, checks: settings } = checkSettings(found);
  tell(checkNode(process.versions.node, manifest.engines.node), ...settings, checkProxy(found, config?.baseUrl));
  tell(...(await checkBackend(config, leftMs)));
  const source = found.EVSYS_LOG_DIR === undefined ? "the default" : "by EVSYS_LOG_DIR";
  tell(...(await checkMirror(logDir, source, config?.offline === true)));

  const left = checks.filter(({ verdict }) => verdict === "to do").length;
  if (isJson) output.json({ ok: left === 0, checks });
  else printEnd(output, left);
  return left === 0 ? EXIT.DONE : EXIT.TO_DO;
}

function print(output: Output, { check, verdict, found, next }: Check): void {
  output.line(
    paint(STYLES[verdict], verdict.padEnd(7)),
    `  ${check.padEnd(10)}  ${found}${next === null ? "" : ` ${next}`}`,
  );
}

function printEnd(output: Output, left: number): void {
  output.line();
  output.line(left === 0 ? "There is nothing to do." : `There is something to do in ${left} of the checks above.`);
}
