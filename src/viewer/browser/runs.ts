import type { RunSummary } from "../api-types.js";
import { h } from "./dom.js";
import { shortId } from "./format.js";
import type { State } from "./state.js";

const COLOURS = 10;

/** The name of a run, with a part of its id if another run has the same name. */
export function runName(run: RunSummary, others: readonly RunSummary[]): string {
  const name = titleOf(run);
  if (name === "") return run.id;
  const isAlone = others.every((other) => other.key === run.key || titleOf(other) !== name);
  return isAlone ? name : `${name} · ${shortId(run.id)}`;
}

function titleOf({ name, experiment }: RunSummary): string {
  return experiment !== "" && name !== "" ? `${experiment} · ${name}` : experiment || name;
}

/** The selected runs that exist, in the order of their colours. */
export function runsSelectedIn({ selected, list }: State): RunSummary[] {
  return selected.flatMap((key) => list.runs.find((run) => run.key === key) ?? []);
}

/** The style variable with the colour of a selected run. */
export function colourOf(key: string, { selected }: Pick<State, "selected">): string {
  return `--run-${Math.max(0, selected.indexOf(key)) % COLOURS}`;
}

/** A dot in the colour of a run. Decorative: the text beside it has the same information. */
export function dot(variable: string): HTMLElement {
  const element = h("span", { class: "dot", "aria-hidden": "true" });
  element.style.background = `var(${variable})`;
  return element;
}

/** A status, readable without its colour. */
export function statusBadge(status: string): HTMLElement {
  const known = ["pending", "running", "completed", "failed", "cancelled"].includes(status);
  return h("span", { class: `badge ${known ? status : ""}` }, status === "" ? "unknown" : status);
}
