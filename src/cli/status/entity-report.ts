import type { Counts } from "../../delivery/counters.js";
import { WRITE_KINDS, type WriteKind } from "../mirrors/entity-counts.js";
import { type EntityStatus, hasEnded } from "../mirrors/entity-status.js";
import { rejectionText } from "../mirrors/parked-reasons.js";
import { type Output, type Piece, paint, type Style } from "../terminal/output.js";
import { counted, duration, number, shortNumber, time } from "../terminal/text.js";
import type { ListedEntity } from "./progress.js";
import { sparkline } from "./sparkline.js";

const LABEL_WIDTH = "last values".length;
const MAX_VALUES = 6;
const MAX_ERROR = 200;
const STYLE_OF_STATE: Readonly<Record<string, Style>> = { completed: "green", running: "cyan", failed: "red" };
const STATES = ["delivered", "pending", "rejected", "skipped"] as const;
const STYLES = { delivered: "green", pending: "yellow", rejected: "red", skipped: "dim" } as const;
const NOUNS = {
  document: ["create or patch", "creates and patches"],
  metrics: ["metrics row", "metrics rows"],
  evals: ["eval", "evals"],
  checkpoints: ["checkpoint", "checkpoints"],
  predictions: ["prediction", "predictions"],
} as const satisfies Record<WriteKind, readonly [string, string]>;

/** A number of writes of one kind, such as `12 metrics rows`. */
export function writesOf(written: WriteKind, count: number): string {
  const [one, several] = NOUNS[written];
  return counted(count, one, several);
}

/** The counts other than 0, in colour. */
export function amounts(counts: Counts): Piece[] {
  const parts = STATES.filter((each) => counts[each] > 0);
  if (parts.length === 0) return ["nothing"];
  return parts.flatMap((each, at) => [at === 0 ? "" : ", ", paint(STYLES[each], `${number(counts[each])} ${each}`)]);
}

/** The status of a run, in its colour. */
export function stateOf(state: string): Piece {
  return paint(STYLE_OF_STATE[state] ?? "dim", state);
}

/** Prints an experiment or a run: its progress and its writes. */
export function printEntity(output: Output, entity: ListedEntity, indent: string): void {
  const { kind, id, backendId, name, state, errorMessage, lastWriteAt, writes } = entity;
  output.line(
    `${indent}${kind} `,
    paint("bold", name ?? id),
    ...(state === null ? [] : ["  ", stateOf(state)]),
    ...(lastWriteAt === null ? [] : [paint("dim", `  last write ${time(lastWriteAt)}`)]),
  );
  const detail: Detail = (label, ...pieces) => output.line(`${indent}  ${label.padEnd(LABEL_WIDTH)}  `, ...pieces);
  const isElsewhere = backendId !== null && backendId !== id;
  if (name !== null || isElsewhere)
    detail("id", paint("dim", `${id}${isElsewhere ? `, in the backend ${backendId}` : ""}`));
  if (errorMessage !== null && kind === "run") detail("error", paint("red", cut(errorMessage)));
  printProgress(detail, entity);
  for (const each of STATES) {
    const parts = WRITE_KINDS.filter((written) => writes[written][each] > 0);
    if (each === "rejected" || parts.length === 0) continue;
    detail(each, paint(STYLES[each], parts.map((written) => writesOf(written, writes[written][each])).join(", ")));
  }
  printProblems(detail, entity);
  output.line();
}

type Detail = (label: string, ...pieces: readonly Piece[]) => void;

/** Prints the progress of a run, or the best score of an experiment. */
export function printProgress(
  detail: Detail,
  { kind, state, bestScore, durationSeconds, lastRowAt, progress }: ListedEntity,
): void {
  const best = bestScore === null ? [] : [`best score ${shortNumber(bestScore)}`];
  if (kind === "experiment" || progress === null) {
    if (bestScore !== null) detail("best score", shortNumber(bestScore));
    return;
  }
  const { lastStep, lastValues, curve } = progress;
  const parts = [
    ...(lastStep === null ? [] : [`step ${number(lastStep)}`]),
    ...best,
    ...(durationSeconds === null ? [] : [`${duration(durationSeconds)}${hasEnded(state) ? "" : " so far"}`]),
    ...(lastRowAt === null ? [] : [`last row ${time(lastRowAt)}`]),
  ];
  if (parts.length > 0) detail("progress", parts.join(", "));
  const values = Object.entries(lastValues).map(([label, value]) => ({ label, value, rank: rankOf(label) }));
  const left = values.length - MAX_VALUES;
  values.sort((a, b) => a.rank - b.rank);
  const shown = values.slice(0, MAX_VALUES).map(({ label, value }) => `${label} ${shortNumber(value)}`);
  if (shown.length > 0) detail("last values", `${shown.join(", ")}${left > 0 ? ` and ${number(left)} more` : ""}`);
  if (curve !== null && curve.values.length > 1)
    detail("curve", paint("cyan", sparkline(curve.values)), `  ${curve.series}`);
}

function cut(text: string): string {
  return text.length > MAX_ERROR ? `${text.slice(0, MAX_ERROR)}…` : text;
}

/** Sorts the most relevant series first. */
function rankOf(label: string): number {
  const rank = [/^loss/i, /loss/i, /accuracy|reward|score|f1/i].findIndex((pattern) => pattern.test(label));
  return rank === -1 ? Number.MAX_SAFE_INTEGER : rank;
}

function printProblems(detail: Detail, entity: EntityStatus): void {
  for (const { of, writes, at, ...rejection } of entity.rejected) {
    detail(
      "rejected",
      paint("red", `${writesOf(of, writes)}: ${rejectionText(rejection)}`),
      paint("dim", `  ${time(at)}`),
    );
  }
  for (const reason of entity.held) detail("parked", paint("yellow", reason));
  if (entity.hasForeignRows) detail("not sent", "foreign rows; send them with --adopt");
  for (const { file, byte } of entity.tornLines) {
    detail("not sent", `${file} ends in a torn line at byte ${byte}: complete or remove it`);
  }
  if (entity.otherFiles.length > 0) detail("not sent", entity.otherFiles.join(", "));
  if (entity.problem !== null) detail("unreadable", paint("red", entity.problem));
}
