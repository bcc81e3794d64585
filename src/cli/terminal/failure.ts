import { EvsysError } from "../../errors.js";
import { UsageError } from "./arguments.js";
import { failureLine, harmless } from "./text.js";

/**
 * What went wrong, for stderr: one line. Where nobody foresaw it, also the way to its stack, or the stack itself if
 * --verbose is among the arguments.
 */
export async function failureText(error: unknown, argv: readonly string[]): Promise<string> {
  if (error instanceof UsageError) return failureLine(error);
  const isForeseen = error instanceof EvsysError;
  const clean = await keyRemover(argv);
  if (optionsOf(argv).includes("--verbose")) return `${clean(failureLine(error))}${clean(stackOf(error))}`;
  const hint = isForeseen ? "" : "This was not foreseen; add --verbose to see where it comes from.\n";
  return `${clean(failureLine(error))}${hint}`;
}

/** The arguments up to the `--` that ends the options. */
export function optionsOf(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? argv.length : end);
}

/** Loaded here alone: the help, and what is wrong with a command line, need no configuration. */
async function keyRemover(argv: readonly string[]): Promise<(text: string) => string> {
  const [{ variables }, { Words }] = await Promise.all([import("../../config.js"), import("../../contract/words.js")]);
  const at = argv.indexOf("--api-key");
  const given = argv.flatMap((word) => (word.startsWith("--api-key=") ? word.slice("--api-key=".length) : []));
  const keys = [variables().EVSYS_API_KEY, at === -1 ? undefined : argv[at + 1], ...given];
  const words = keys.map((key) => new Words(key?.trim() || undefined));
  return (text) => words.reduce((cleaned, each) => each.clean(cleaned), text);
}

function stackOf(error: unknown): string {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    lines.push(...(each.stack ?? String(each)).split("\n"));
  }
  return lines.map((line) => `  ${harmless(line)}\n`).join("");
}
