import type { EntityStatus } from "../mirrors/entity-status.js";
import { PARKED_HINT } from "../mirrors/parked-report.js";
import { type Output, paint } from "../terminal/output.js";
import { counted } from "../terminal/text.js";
import { amounts, printEntity, printProgress } from "./entity-report.js";
import type { Overview } from "./overview.js";
import { ownerLines } from "./owner-lines.js";
import type { ListedEntity } from "./progress.js";
import { isExperimentOf, newestFirst } from "./selection.js";
import type { MirrorStatus, StatusReport } from "./status.js";

const MAX_EMPTY = 20;

/** Prints the experiments and runs of mirrors. */
export function printStatus(output: Output, status: StatusReport, overview: Overview): void {
  for (const mirror of status.mirrors) printMirror(output, mirror, overview);
  printMore(output, status.more);
  printEnd(output, overview);
}

/** Prints the path of a mirror and the number of its experiments and runs. */
export function printHeading(output: Output, { root }: MirrorStatus, { mirrors }: Overview): void {
  const own = (entities: readonly EntityStatus[] = []): number => entities.filter(({ isForeign }) => !isForeign).length;
  const mirror = mirrors.find((each) => each.root === root);
  const kinds = `${counted(own(mirror?.experiments), "experiment")}, ${counted(own(mirror?.runs), "run")}`;
  output.line(paint("bold", root), `  ${kinds}`);
}

/** Prints the running processes, the total of all writes and the commands to continue with. */
export function printEnd(output: Output, { mirrors, total, next, retry }: Overview): void {
  const entities = mirrors.flatMap(({ experiments, runs }) => [...experiments, ...runs]);
  for (const line of ownerLines(entities)) output.line(line);
  if (entities.some(({ isUnknown }) => isUnknown)) for (const line of PARKED_HINT) output.line(line);
  output.line("Total: ", ...amounts(total), ".");
  const isStuck = entities.every(({ total: { pending }, isUnknown }) => pending === 0 || isUnknown);
  if (next !== null) output.line(isStuck ? "Once this is fixed: " : "Continue with: ", paint("bold", next));
  if (retry !== null) output.line("Send rejected writes again with: ", paint("bold", retry));
}

function printMirror(output: Output, mirror: MirrorStatus, overview: Overview): void {
  printHeading(output, mirror, overview);
  output.line();
  for (const [experiment, runs] of grouped(mirror)) {
    if (experiment !== undefined) printEntity(output, experiment, "");
    for (const run of runs) printEntity(output, run, experiment === undefined ? "" : "  ");
  }
  printForeign(output, mirror.foreign);
  printEmpty(output, mirror.empty);
  if (mirror.note !== null) output.line(mirror.note);
}

/** Groups runs by experiment, the experiment of the newest run first. Runs without an experiment form their own group. */
function grouped({ experiments, runs }: MirrorStatus): Map<ListedEntity | undefined, ListedEntity[]> {
  const groups = new Map<ListedEntity | undefined, ListedEntity[]>();
  for (const entity of [...runs, ...experiments].sort(newestFirst)) {
    const isRun = entity.kind === "run";
    const experiment = isRun ? experiments.find((each) => isExperimentOf(entity, each)) : entity;
    groups.set(experiment, [...(groups.get(experiment) ?? []), ...(isRun ? [entity] : [])]);
  }
  return groups;
}

function printMore(output: Output, { runs, experiments }: StatusReport["more"]): void {
  const parts = [
    ...(runs > 0 ? [counted(runs, "older run")] : []),
    ...(experiments > 0 ? [counted(experiments, "older experiment")] : []),
  ];
  if (parts.length === 0) return;
  output.line(`Not shown: ${parts.join(", ")}. Use --limit n to show more, --summary to count all.`);
  output.line();
}

function printForeign(output: Output, foreign: readonly ListedEntity[]): void {
  if (foreign.length === 0) return;
  output.line("Written by another client; send with --adopt:");
  for (const entity of foreign) {
    const { kind, id, name, state, otherFiles, problem } = entity;
    const also = otherFiles.length === 0 ? "" : `  (never sent: ${otherFiles.join(", ")})`;
    const label = name === null ? "" : ` ${name}`;
    output.line(`  ${kind}${label}`, paint("dim", `  ${id}`), state === null ? "" : `  ${state}`, also);
    printProgress((name_, ...pieces) => output.line(`    ${name_.padEnd(11)}  `, ...pieces), entity);
    if (problem !== null) output.line("    ", paint("red", problem));
  }
  output.line();
}

function printEmpty(output: Output, empty: readonly EntityStatus[]): void {
  if (empty.length === 0) return;
  output.line("Empty folders, left by failed creates; they can be deleted:");
  for (const { path } of empty.slice(0, MAX_EMPTY)) output.line(`  ${path}`);
  if (empty.length > MAX_EMPTY) output.line(`  and ${empty.length - MAX_EMPTY} more`);
  output.line();
}
