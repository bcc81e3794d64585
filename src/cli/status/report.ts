import type { Counts } from "../../delivery/counters.js";
import { WRITTEN, type Written } from "../mirrors/entity-counts.js";
import type { EntityStatus } from "../mirrors/entity-status.js";
import { said } from "../mirrors/parked.js";
import { UNKNOWN_ADVICE } from "../mirrors/parked-report.js";
import { type Output, type Piece, paint, type Style } from "../terminal/output.js";
import { counted, number, time } from "../terminal/text.js";
import { occupancy } from "./occupancy.js";

/** How a mirror stands. */
export interface MirrorStatus {
  readonly root: string;
  readonly total: Counts;
  readonly experiments: readonly EntityStatus[];
  readonly runs: readonly EntityStatus[];
  /** What another client wrote: there is no sync log beside it. */
  readonly foreign: readonly EntityStatus[];
  /** Folders that nothing was ever written to. */
  readonly empty: readonly EntityStatus[];
  /** What to know before a sync: that experiments belong to another project than EVSYS_PROJECT_ID names; else null. */
  readonly note: string | null;
}

/** What `evsys-sdk status --json` prints. */
export interface Status {
  readonly mirrors: readonly MirrorStatus[];
  readonly total: Counts;
  /** The command that sends what is pending; null where nothing is. */
  readonly next: string | null;
  /** The command that sends again what was rejected; null where nothing was. */
  readonly retry: string | null;
}

const LABELS = {
  document: "create, patches",
  metrics: "metrics",
  evals: "evals",
  checkpoints: "checkpoints",
  predictions: "predictions",
} as const satisfies Record<Written, string>;
const LABEL_WIDTH = LABELS.document.length;
const STYLE_OF_STATE: Readonly<Record<string, Style>> = { completed: "green", running: "cyan", failed: "red" };
const STYLES = { delivered: "green", pending: "yellow", rejected: "red", skipped: "dim" } as const;

/** Prints how mirrors stand. */
export function printStatus(output: Output, { mirrors, total, next, retry }: Status): void {
  for (const mirror of mirrors) printMirror(output, mirror);
  const entities = mirrors.flatMap(({ experiments, runs }) => [...experiments, ...runs]);
  for (const line of occupancy(entities)) output.line(line);
  if (entities.some(({ isUnknown }) => isUnknown)) for (const line of UNKNOWN_ADVICE) output.line(line);
  output.line("In all: ", ...amounts(total), ".");
  const isStuck = entities.every(({ total: { pending }, isUnknown }) => pending === 0 || isUnknown);
  if (next !== null) output.line(isStuck ? "Once that is mended: " : "Go on with: ", paint("bold", next));
  if (retry !== null) output.line("Send what was rejected again with: ", paint("bold", retry));
}

function printMirror(output: Output, { root, experiments, runs, foreign, empty, note }: MirrorStatus): void {
  const kinds = `${counted(experiments.length, "experiment")}, ${counted(runs.length, "run")}`;
  output.line(paint("bold", root), `  ${kinds}`);
  output.line();
  const isAt = (run: EntityStatus, experiment: EntityStatus): boolean =>
    run.experimentId !== null && [experiment.id, experiment.backendId].includes(run.experimentId);
  for (const experiment of experiments) {
    printEntity(output, experiment, "");
    for (const run of runs) if (isAt(run, experiment)) printEntity(output, run, "  ");
  }
  for (const run of runs) {
    if (!experiments.some((experiment) => isAt(run, experiment))) printEntity(output, run, "");
  }
  printForeign(output, foreign);
  printEmpty(output, empty);
  if (note !== null) output.line(note);
}

function printEntity(output: Output, entity: EntityStatus, indent: string): void {
  const { kind, id, backendId, name, state, lastWriteAt, writes } = entity;
  output.line(
    `${indent}${kind} `,
    paint("bold", name ?? id),
    ...(state === null ? [] : ["  ", paint(STYLE_OF_STATE[state] ?? "dim", state)]),
    ...(lastWriteAt === null ? [] : [paint("dim", `  last write ${time(lastWriteAt)}`)]),
  );
  const detail = (label: string, ...pieces: readonly Piece[]): void => {
    output.line(`${indent}  ${label.padEnd(LABEL_WIDTH)}  `, ...pieces);
  };
  const isElsewhere = backendId !== null && backendId !== id;
  if (name !== null || isElsewhere)
    detail("id", paint("dim", `${id}${isElsewhere ? `, at the backend ${backendId}` : ""}`));
  for (const written of WRITTEN) {
    const counts = writes[written];
    const rows = counts.delivered + counts.pending + counts.rejected + counts.skipped;
    if (rows > 0) detail(LABELS[written], `${number(rows)}: `, ...amounts(counts));
  }
  for (const { of, writes: count, at, ...refusal } of entity.rejected) {
    detail(
      "rejected",
      paint("red", `${number(count)} of ${LABELS[of]}: ${said(refusal)}`),
      paint("dim", `  ${time(at)}`),
    );
  }
  for (const reason of entity.held) detail("held back", paint("yellow", reason));
  if (entity.hasForeignRows) detail("not sent", "another client's rows beside ours, but for --adopt");
  for (const { file, byte } of entity.tornLines) {
    detail("not sent", `${file} ends in an incomplete line, at byte ${byte}: finish it or remove it`);
  }
  if (entity.otherFiles.length > 0) detail("not sent", entity.otherFiles.join(", "));
  if (entity.problem !== null) detail("unreadable", paint("red", entity.problem));
  output.line();
}

function printForeign(output: Output, foreign: readonly EntityStatus[]): void {
  if (foreign.length === 0) return;
  output.line("Written by another client, and sent with --adopt only:");
  for (const { kind, id, name, state, otherFiles, problem } of foreign) {
    const also = otherFiles.length === 0 ? "" : `  (no route takes ${otherFiles.join(", ")})`;
    const label = name === null ? "" : ` ${name}`;
    output.line(`  ${kind}${label}`, paint("dim", `  ${id}`), state === null ? "" : `  ${state}`, also);
    if (problem !== null) output.line("    ", paint("red", problem));
  }
  output.line();
}

function printEmpty(output: Output, empty: readonly EntityStatus[]): void {
  if (empty.length === 0) return;
  output.line("Empty, as a create that failed leaves them; they can be deleted:");
  for (const { path } of empty) output.line(`  ${path}`);
  output.line();
}

function amounts(counts: Counts): Piece[] {
  const parts = (["delivered", "pending", "rejected", "skipped"] as const).filter((each) => counts[each] > 0);
  if (parts.length === 0) return ["nothing"];
  return parts.flatMap((each, at) => [at === 0 ? "" : ", ", paint(STYLES[each], `${number(counts[each])} ${each}`)]);
}
