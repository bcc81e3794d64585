import { h } from "./dom.js";
import { valueText } from "./format.js";

const OTHERS = ["model_ref", "checkpoint_id", "sdk_version", "id"];

/** The details of an eval: its breakdowns, and the fields that are not in the table. */
export function breakdownsOf(fields: Readonly<Record<string, unknown>>): HTMLElement {
  const others = OTHERS.filter((name) => fields[name] !== undefined);
  return h(
    "div",
    { class: "breakdowns" },
    fields.breakdowns === undefined ? null : treeOf(fields.breakdowns),
    h("dl", {}, ...others.flatMap((name) => [h("dt", {}, name), h("dd", {}, valueText(fields[name]))])),
  );
}

/** Objects of numbers become a table; anything else becomes nested lists. */
function treeOf(value: unknown): HTMLElement {
  const entries = isObject(value) ? Object.entries(value) : [];
  if (entries.length === 0) return h("span", {}, valueText(value));
  if (entries.every(([, item]) => isFlat(item))) return tableOf(entries);
  return h("dl", {}, ...entries.flatMap(([name, item]) => [h("dt", {}, name), h("dd", {}, treeOf(item))]));
}

function tableOf(entries: readonly (readonly [string, unknown])[]): HTMLElement {
  const columns = [...new Set(entries.flatMap(([, item]) => (isObject(item) ? Object.keys(item) : [])))];
  const cells = (item: unknown) =>
    columns.map((name) =>
      h(
        "td",
        { class: "number" },
        isObject(item) ? valueText(Object.entries(item).find(([key]) => key === name)?.[1]) : "",
      ),
    );
  return h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", {}, h("span", { class: "hidden" }, "Group")),
        ...columns.map((name) => h("th", { scope: "col", class: "number" }, name)),
      ),
    ),
    h("tbody", {}, ...entries.map(([name, item]) => h("tr", {}, h("th", { scope: "row" }, name), ...cells(item)))),
  );
}

function isFlat(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((item) => typeof item !== "object");
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
