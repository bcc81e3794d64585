import type { DeliveryState, RunSummary } from "../api-types.js";
import type { Child } from "./dom.js";
import { h } from "./dom.js";
import { agoText, numberText, shortId } from "./format.js";
import { statusBadge } from "./runs.js";

/** A column of the table of runs. */
export interface Column {
  readonly id: string;
  readonly title: string;
  readonly isNumber?: boolean;
  /** The sort key; a column without one is not sortable. */
  readonly sort?: (run: RunSummary) => string | number | null;
  readonly cell: (run: RunSummary) => Child;
}

/** The columns after the checkbox. */
export function runColumns(series: string, deliveryOf: (key: string) => DeliveryState | undefined): Column[] {
  return [
    { id: "run", title: "Run", sort: (run) => run.experiment || run.name || run.id, cell: nameCell },
    { id: "status", title: "Status", sort: ({ status }) => status, cell: ({ status }) => statusBadge(status) },
    numeric("seed", "Seed", ({ seed }) => seed),
    { id: "tags", title: "Tags", sort: ({ tags }) => tags.join(" "), cell: tagsCell },
    numeric("step", "Last step", ({ lastStep }) => lastStep),
    numeric("best", "Best score", ({ bestScore }) => bestScore),
    numeric("last", series === "" ? "Last value" : `Last ${series}`, ({ lastValue }) => lastValue),
    { id: "delivery", title: "Delivery", cell: ({ key }) => deliveryCell(deliveryOf(key)) },
    {
      id: "updated",
      title: "Updated",
      isNumber: true,
      sort: ({ updatedAt }) => updatedAt,
      cell: ({ updatedAt }) => agoText(updatedAt),
    },
  ];
}

function numeric(id: string, title: string, value: (run: RunSummary) => RunSummary["bestScore"]): Column {
  const sort = (run: RunSummary): number | null => {
    const found = value(run);
    return typeof found === "string" ? Number(found) : found;
  };
  return { id, title, isNumber: true, sort, cell: (run) => numberText(value(run)) };
}

function nameCell({ experiment, name, id, problem }: RunSummary): Child {
  const title = experiment || name || id;
  return h(
    "span",
    { class: "name" },
    h("span", { class: "title" }, title),
    h("span", { class: "sub", title: id }, name !== "" && name !== title ? `${name} · ` : "", shortId(id)),
    problem === null ? null : h("span", { class: "problem" }, problem),
  );
}

function tagsCell({ tags }: RunSummary): Child {
  return h("span", { class: "tags" }, ...tags.slice(0, 4).map((tag) => h("span", { class: "tag" }, tag)));
}

function deliveryCell(state: DeliveryState | undefined): Child {
  if (state === undefined) return h("span", { class: "quiet" }, "…");
  if (state.isForeign) return h("span", { class: "quiet", title: "Another client wrote this run." }, "foreign");
  if (state.rejected > 0) return h("span", { class: "badge failed" }, `${numberText(state.rejected)} rejected`);
  if (state.pending > 0) return h("span", { class: "badge pending" }, `${numberText(state.pending)} pending`);
  return h("span", { class: "badge completed" }, "delivered");
}
