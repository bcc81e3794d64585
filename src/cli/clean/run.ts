import { prefersColour } from "../../config/terminal.js";
import { MirrorError } from "../../errors.js";
import { mirrorRoots } from "../mirrors/folders.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";
import { ask, canAsk } from "../terminal/ask.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output, paint } from "../terminal/output.js";
import { counted, size, time } from "../terminal/text.js";
import { finishRemovals, removeEntity } from "./removal.js";
import { type KeptFolder, type RemovableFolder, RemovalPlan } from "./removal-plan.js";

const DEFAULT_DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Runs `evsys-sdk clean`. */
export async function run(given: ParsedArguments): Promise<ExitCode> {
  const days = given.number("days", 0, "any") ?? DEFAULT_DAYS;
  const isJson = given.has("json");
  const notes = new Output(process.stderr, prefersColour(process.stderr));
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const roots = mirrorRoots(given.dirs, notes);
  const plan = new RemovalPlan(roots, Date.now() - days * DAY_MS);
  const { removable, kept } = plan;
  const mustAsk = removable.length > 0 && !given.has("yes");
  if (!isJson || mustAsk) printPlan(isJson ? notes : output, removable, kept, days);

  const isConfirmed = !mustAsk || (await confirm(removable));
  if (isConfirmed) for (const root of roots) finishRemovals(root);
  const outcomes = removable.map((choice) => ({
    choice,
    ...(isConfirmed ? tryRemove(choice, plan) : { reason: "not confirmed", hasFailed: false }),
  }));
  const removed = outcomes.filter(({ reason }) => reason === undefined).map(({ choice }) => choice);
  const spared = outcomes.flatMap(({ choice, reason }) => (reason === undefined ? [] : { ...choice, reason }));
  if (isJson) output.json({ removed, kept: [...kept, ...spared] });
  else if (removable.length > 0) printOutcome(output, removed, isConfirmed ? spared : []);
  return outcomes.some(({ hasFailed }) => hasFailed) ? EXIT.USAGE : EXIT.DONE;
}

/** Removes a folder, or returns why it is kept. A failure does not stop the removal of others. */
function tryRemove(
  folder: RemovableFolder,
  plan: RemovalPlan,
): { readonly reason: string | undefined; readonly hasFailed: boolean } {
  try {
    return { reason: removeEntity(folder, () => plan.reasonToKeep(folder)), hasFailed: false };
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return { reason: error.message, hasFailed: true };
  }
}

/** @throws UsageError if there is no terminal. */
async function confirm(removable: readonly RemovableFolder[]): Promise<boolean> {
  const these = removable.length === 1 ? "this folder" : `these ${removable.length} folders`;
  if (!canAsk()) throw new UsageError(`There is no terminal to confirm on; use --yes to remove ${these}.`);
  return ask(`Permanently remove ${these}?`);
}

function printPlan(
  output: Output,
  removable: readonly RemovableFolder[],
  kept: readonly KeptFolder[],
  days: number,
): void {
  if (removable.length === 0) {
    output.line("Nothing to remove.");
  } else {
    output.line(`Completely delivered and last written more than ${counted(days, "day")} ago:`);
    for (const { kind, id, path, name, lastWriteAt, writes, notSent, bytes } of removable) {
      const unsent = notSent === 0 ? "" : `, ${notSent} of them never sent`;
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

function printOutcome(output: Output, removed: readonly RemovableFolder[], spared: readonly KeptFolder[]): void {
  for (const { path, reason } of spared) output.line(`Kept ${path}: ${reason}.`);
  const bytes = removed.reduce((sum, choice) => sum + choice.bytes, 0);
  output.line(`Removed ${counted(removed.length, "folder")} (${size(bytes)}).`);
}

function countedBy(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
