import { EvsysError } from "../../errors.js";
import { UsageError } from "./arguments.js";
import { escapeControls, failureLine } from "./text.js";

/**
 * The error message for stderr, one line. For an unexpected error, it is followed by a hint, or by the stack with
 * --verbose.
 */
export async function failureText(error: unknown, argv: readonly string[]): Promise<string> {
  if (error instanceof UsageError) return failureLine(error);
  const isExpected = error instanceof EvsysError;
  const clean = await keyRedactor(argv);
  if (optionArguments(argv).includes("--verbose")) return `${clean(failureLine(error))}${clean(stackOf(error))}`;
  const hint = isExpected ? "" : "This error is unexpected; use --verbose to show its stack.\n";
  return `${clean(failureLine(error))}${hint}`;
}

/** The arguments before a `--`, which ends the options. */
export function optionArguments(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? argv.length : end);
}

/** Loads the configuration on demand, because help and usage errors do not need it. */
async function keyRedactor(argv: readonly string[]): Promise<(text: string) => string> {
  const [{ variables }, { TextRedactor }] = await Promise.all([
    import("../../config/environment.js"),
    import("../../contract/text-redactor.js"),
  ]);
  const at = argv.indexOf("--api-key");
  const given = argv.flatMap((word) => (word.startsWith("--api-key=") ? word.slice("--api-key=".length) : []));
  const keys = [variables().EVSYS_API_KEY, at === -1 ? undefined : argv[at + 1], ...given];
  const redactors = keys.map((key) => new TextRedactor(key?.trim() || undefined));
  return (text) => redactors.reduce((redacted, each) => each.redact(redacted), text);
}

function stackOf(error: unknown): string {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    lines.push(...(each.stack ?? String(each)).split("\n"));
  }
  return lines.map((line) => `  ${escapeControls(line)}\n`).join("");
}
