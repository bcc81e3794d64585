import { flattened } from "../../util/flattened.js";
import type { RunDetail } from "../api-types.js";
import { empty, fill, h } from "./dom.js";
import { colourOf, dot, runName, runsSelectedIn } from "./runs.js";
import type { Source } from "./source.js";
import type { Store } from "./state.js";

/** The configuration of the selected runs, side by side; differences are marked. */
export function configView(store: Store, source: Source) {
  const only = h("input", { type: "checkbox", onchange: () => render() });
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Configuration" });
  const root = h("section", {}, h("div", { class: "toolbar" }, h("label", {}, only, "Differences only")), table);

  async function load(): Promise<void> {
    const runs = runsSelectedIn(store.state);
    if (runs.length === 0)
      return fill(table, empty("Select one run to see its configuration, or two or more to compare them."));
    const details = await Promise.all(runs.map(({ key }) => source.get<RunDetail>("run", { run: key })));
    const columns = details.map(
      ({ run, experiment }) => new Map([...textsOf(run, ""), ...textsOf(experiment, "experiment")]),
    );
    const names = [...new Set(columns.flatMap((column) => [...column.keys()]))];
    const rows = names.map((name) => ({ name, values: columns.map((column) => column.get(name)) }));
    const marked = rows.map((row) => ({ ...row, isDifferent: new Set(row.values).size > 1 }));
    const shown = marked.filter(({ isDifferent }) => !only.checked || isDifferent);
    if (shown.length === 0) return fill(table, empty("These runs do not differ."));
    fill(
      table,
      h(
        "table",
        { class: "config" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "Field"),
            ...runs.map((run) =>
              h(
                "th",
                { scope: "col" },
                h("span", { class: "run" }, dot(colourOf(run.key, store.state)), runName(run, runs)),
              ),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          ...shown.map(({ name, values, isDifferent }) => rowOf(name, values, isDifferent && runs.length > 1)),
        ),
      ),
    );
  }

  function render(): void {
    void load().catch((error: unknown) => fill(table, empty(error instanceof Error ? error.message : String(error))));
  }

  return { root, render };
}

function rowOf(name: string, values: readonly (string | undefined)[], isDifferent: boolean): HTMLElement {
  const mark = isDifferent ? h("span", { class: "mark" }, "≠", h("span", { class: "hidden" }, " differs")) : null;
  return h(
    "tr",
    { class: isDifferent ? "different" : null },
    h("th", { scope: "row" }, name, mark),
    ...values.map((value) => h("td", { class: "text" }, value ?? "–")),
  );
}

/** The fields of a value by their path, such as `run_config.model.name`, with all their digits. */
function textsOf(value: unknown, path: string): [string, string][] {
  return flattened(value, path).map(([field, item]) => [field, exactText(field, item)]);
}

function exactText(path: string, value: unknown): string {
  if (/(^|\.)_(created|updated)_at$/.test(path) && typeof value === "number")
    return new Date(value * 1000).toISOString();
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "–");
}
