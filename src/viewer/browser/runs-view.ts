import type { RunSummary } from "../api-types.js";
import { Deliveries } from "./deliveries.js";
import { debounced, empty, fill, h } from "./dom.js";
import { numberText } from "./format.js";
import { colourOf, dot, runName } from "./runs.js";
import { type Column, runColumns } from "./runs-columns.js";
import type { Source } from "./source.js";
import type { Store } from "./state.js";

const PAGE_ROWS = 100;

/** The table of all runs, with sorting, filtering and selection. */
export function runsView(store: Store, source: Source) {
  let [sortBy, isDescending, shownRows] = ["updated", true, PAGE_ROWS];
  const deliveries = new Deliveries(source, () => render());
  const filter = h("input", {
    type: "search",
    placeholder: "Filter runs",
    "aria-label": "Filter runs",
    oninput: debounced(() => render(), 100),
  });
  const status = select("Status", ["", "pending", "running", "completed", "failed", "cancelled"], "any status", () =>
    render(),
  );
  const series = select("Series of the last value", [""], "last value of…", () => store.set({ series: series.value }));
  const count = h("span", { class: "quiet", role: "status" });
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Runs" });
  const compare = h("button", { type: "button", class: "primary", onclick: () => store.set({ view: "curves" }) });
  const clear = h("button", { type: "button", onclick: () => store.set({ selected: [] }) }, "Clear selection");
  const root = h(
    "section",
    {},
    h("div", { class: "toolbar" }, filter, status, series, count, h("span", { class: "grow" }), clear, compare),
    table,
  );

  function columns(): Column[] {
    return runColumns(store.state.series, (key) => deliveries.of(key));
  }

  function rows(): RunSummary[] {
    const words = filter.value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    const column = columns().find(({ id }) => id === sortBy);
    const matching = store.state.list.runs.filter((run) => {
      if (status.value !== "" && run.status !== status.value) return false;
      const text = [run.experiment, run.name, run.id, run.experimentId, run.project, run.status, run.seed, ...run.tags]
        .join(" ")
        .toLowerCase();
      return words.every((word) => text.includes(word));
    });
    return sorted(matching, column?.sort ?? (() => null), isDescending);
  }

  function render(): void {
    const { state } = store;
    setOptions(series, ["", ...state.list.series], state.series, "last value of…", (name) => `last ${name}`);
    const matching = rows();
    const visible = matching.slice(0, shownRows);
    deliveries.want(visible);
    fill(count, `${numberText(matching.length)} of ${numberText(state.list.runs.length)} runs`);
    fill(compare, state.selected.length < 2 ? "Show curves" : `Compare ${state.selected.length} runs`);
    compare.disabled = state.selected.length === 0;
    clear.hidden = state.selected.length === 0;
    if (state.list.runs.length === 0) {
      fill(table, empty("This mirror has no runs yet."));
      return;
    }
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.focus : undefined;
    fill(table, tableOf(visible), matching.length > visible.length && moreButton());
    if (focused !== undefined) table.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  function moreButton(): HTMLElement {
    const more = () => {
      shownRows += PAGE_ROWS;
      render();
    };
    return h(
      "button",
      { type: "button", class: "more", onclick: more, "data-focus": "more" },
      `Show ${PAGE_ROWS} more`,
    );
  }

  function tableOf(visible: readonly RunSummary[]): HTMLElement {
    const all = columns();
    return h(
      "table",
      { class: "runs" },
      h(
        "thead",
        {},
        h("tr", {}, h("th", { scope: "col" }, h("span", { class: "hidden" }, "Compare")), ...all.map(headingOf)),
      ),
      h("tbody", {}, ...visible.map((run) => rowOf(run, all))),
    );
  }

  function headingOf({ id, title, sort, isNumber }: Column): HTMLElement {
    const isSorted = id === sortBy;
    const order = () => {
      [sortBy, isDescending] = [id, isSorted ? !isDescending : isNumber === true];
      render();
    };
    const mark = isSorted ? (isDescending ? " ↓" : " ↑") : "";
    return h(
      "th",
      {
        scope: "col",
        class: isNumber ? "number" : null,
        "aria-sort": isSorted ? (isDescending ? "descending" : "ascending") : null,
      },
      sort === undefined
        ? title
        : h(
            "button",
            { type: "button", onclick: order, "data-focus": `sort ${id}` },
            title,
            h("span", { "aria-hidden": "true" }, mark),
          ),
    );
  }

  function rowOf(run: RunSummary, all: readonly Column[]): HTMLElement {
    const isSelected = store.state.selected.includes(run.key);
    const box = h("input", {
      type: "checkbox",
      checked: isSelected,
      "aria-label": `Compare ${runName(run, store.state.list.runs)}`,
      "data-focus": `run ${run.key}`,
      onchange: () => store.toggle(run.key),
    });
    const open = () => store.set({ selected: [run.key], view: "curves" });
    const cells = all.map((column, at) =>
      at === 0
        ? h(
            "th",
            { scope: "row" },
            h(
              "button",
              { type: "button", class: "open", onclick: open, "data-focus": `open ${run.key}` },
              column.cell(run),
            ),
          )
        : h("td", { class: column.isNumber ? "number" : null, "data-title": column.title }, column.cell(run)),
    );
    const mark = isSelected ? dot(colourOf(run.key, store.state)) : null;
    return h(
      "tr",
      { class: isSelected ? "selected" : null },
      h("td", { class: "check" }, h("label", {}, box, mark)),
      ...cells,
    );
  }

  return { root, render };
}

/** Sorts runs by a key; those without one come last in both directions. */
function sorted(runs: readonly RunSummary[], key: NonNullable<Column["sort"]>, isDescending: boolean): RunSummary[] {
  const sign = isDescending ? -1 : 1;
  return runs
    .map((run) => ({ run, value: key(run) }))
    .sort((a, b) => {
      const [noA, noB] = [isNothing(a.value), isNothing(b.value)];
      if (noA || noB) return Number(noA) - Number(noB);
      return (
        sign *
        (typeof a.value === "number" ? a.value - Number(b.value) : String(a.value).localeCompare(String(b.value)))
      );
    })
    .map(({ run }) => run);
}

function isNothing(value: string | number | null): boolean {
  return value === null || value === "" || Number.isNaN(value);
}

function select(label: string, values: readonly string[], none: string, onchange: () => void): HTMLSelectElement {
  const element = h("select", { "aria-label": label, onchange });
  setOptions(element, values, "", none);
  return element;
}

/** Sets the options of a select, unless they are the same, because an open select would close. */
export function setOptions(
  element: HTMLSelectElement,
  values: readonly string[],
  value: string,
  none: string,
  textOf = (each: string): string => each,
): void {
  const isSame =
    element.options.length === values.length && values.every((each, at) => element.options[at]?.value === each);
  if (!isSame) fill(element, ...values.map((each) => h("option", { value: each }, each === "" ? none : textOf(each))));
  if (document.activeElement !== element) element.value = value === "" && values[0] !== "" ? (values[0] ?? "") : value;
}
