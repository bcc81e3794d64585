import { prefersColour } from "../../config.js";
import { MirrorError } from "../../errors.js";
import { mirrorRoots } from "../mirrors/folders.js";
import { type Given, UsageError } from "../terminal/arguments.js";
import { ask, canAsk } from "../terminal/ask.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output, paint } from "../terminal/output.js";
import { counted, size, time } from "../terminal/text.js";
import { type Choice, Chooser, type Kept } from "./choice.js";
import { removeEntity, sweep } from "./removal.js";

const USUAL_DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;

/** `evsys-sdk clean`. */
export async function run(given: Given): Promise<ExitCode> {
  const days = given.number("days", 0, "any") ?? USUAL_DAYS;
  const isJson = given.has("json");
  const notes = new Output(process.stderr, prefersColour(process.stderr));
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const roots = mirrorRoots(given.dirs, notes);
  const chooser = new Chooser(roots, Date.now() - days * DAY_MS);
  const { removable, kept } = chooser;
  const mustAsk = removable.length > 0 && !given.has("yes");
  if (!isJson || mustAsk) printChoice(isJson ? notes : output, removable, kept, days);

  const isAgreed = !mustAsk || (await agreed(removable));
  if (isAgreed) for (const root of roots) sweep(root);
  const outcomes = removable.map((choice) => ({
    choice,
    ...(isAgreed ? attempt(choice, chooser) : { reason: "not agreed to", hasFailed: false }),
  }));
  const removed = outcomes.filter(({ reason }) => reason === undefined).map(({ choice }) => choice);
  const spared = outcomes.flatMap(({ choice, reason }) => (reason === undefined ? [] : { ...choice, reason }));
  if (isJson) output.json({ removed, kept: [...kept, ...spared] });
  else if (removable.length > 0) printOutcome(output, removed, isAgreed ? spared : []);
  return outcomes.some(({ hasFailed }) => hasFailed) ? EXIT.USAGE : EXIT.DONE;
}

/** Removes a folder, or tells why it stays. One that cannot be removed is no reason to leave the others. */
function attempt(
  choice: Choice,
  chooser: Chooser,
): { readonly reason: string | undefined; readonly hasFailed: boolean } {
  try {
    return { reason: removeEntity(choice, () => chooser.reasonNow(choice)), hasFailed: false };
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return { reason: error.message, hasFailed: true };
  }
}

/** @throws UsageError where there is nobody to ask. */
async function agreed(removable: readonly Choice[]): Promise<boolean> {
  const these = removable.length === 1 ? "this folder" : `these ${removable.length} folders`;
  if (!canAsk()) throw new UsageError(`There is no terminal to ask on; say --yes to remove ${these}.`);
  return ask(`Remove ${these} for good?`);
}

function printChoice(output: Output, removable: readonly Choice[], kept: readonly Kept[], days: number): void {
  if (removable.length === 0) {
    output.line("Nothing to remove.");
  } else {
    output.line(`Wholly delivered and last written more than ${counted(days, "day")} ago:`);
    for (const { kind, id, path, name, lastWriteAt, writes, notSent, bytes } of removable) {
      const unsent = notSent === 0 ? "" : `, ${notSent} of them not for sending`;
      output.line(
        `  ${kind} `,
        paint("bold", name ?? id),
        paint("dim", `  last write ${time(lastWriteAt)}`),
        `  ${counted(writes, "write")}${unsent}, ${size(bytes)}`,
        paint("dim", `  ${path}`),
      );
    }
  }
  for (const [reason, count] of countedBy(kept.map(({ reason }) => reason))) {
    output.line(paint("dim", `Kept ${counted(count, "folder")}: ${reason}.`));
  }
}

function printOutcome(output: Output, removed: readonly Choice[], spared: readonly Kept[]): void {
  for (const { path, reason } of spared) output.line(`Left ${path} where it is: ${reason}.`);
  const bytes = removed.reduce((sum, choice) => sum + choice.bytes, 0);
  output.line(`Removed ${counted(removed.length, "folder")} (${size(bytes)}).`);
}

function countedBy(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
