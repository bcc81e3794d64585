import type { PredictionPage } from "../api-types.js";
import { debounced, empty, fill, h } from "./dom.js";
import { valueText } from "./format.js";
import { runName, runsSelectedIn } from "./runs.js";
import { setOptions } from "./runs-view.js";
import type { Source } from "./source.js";
import type { Store } from "./state.js";

const PAGE_ROWS = 50;

/** The predictions of one run, page by page, with the expected output beside the model's. */
export function predictionsView(store: Store, source: Source) {
  /** The starts of the pages up to the current one. */
  let starts = [""];
  let [next, shownFor]: [string | null, string] = [null, ""];
  let request = 0;
  /** Whether to look for the first run that has predictions. */
  let isFirstLook = true;
  const run = h("select", { "aria-label": "Run", onchange: () => chosen() });
  const search = h("input", {
    type: "search",
    placeholder: "Search predictions",
    "aria-label": "Search predictions",
    oninput: debounced(first, 250),
  });
  const status = h("span", { class: "quiet", role: "status" });
  const back = h(
    "button",
    {
      type: "button",
      onclick: () => {
        starts.pop();
        void load();
      },
    },
    "Previous page",
  );
  const forward = h(
    "button",
    {
      type: "button",
      onclick: () => {
        if (next !== null) starts.push(next);
        void load();
      },
    },
    "Next page",
  );
  const list = h("div", { class: "predictions" });
  const root = h(
    "section",
    {},
    h("div", { class: "toolbar" }, run, search, status, h("span", { class: "grow" }), back, forward),
    list,
  );

  function chosen(): void {
    isFirstLook = false;
    first();
  }

  function first(): void {
    starts = [""];
    void load();
  }

  async function load(): Promise<void> {
    request += 1;
    const own = request;
    shownFor = run.value;
    const rows: Readonly<Record<string, unknown>>[] = [];
    let from = starts.at(-1) ?? "";
    try {
      for (;;) {
        const page = await source.get<PredictionPage>("predictions", {
          run: run.value,
          search: search.value.trim(),
          from,
        });
        if (own !== request) return;
        rows.push(...page.rows);
        next = page.next;
        fill(status, next === null ? "" : `searched ${Math.floor(page.position * 100)} %`);
        if (page.next === null || rows.length >= PAGE_ROWS) break;
        from = page.next;
      }
      if (
        rows.length === 0 &&
        isFirstLook &&
        search.value.trim() === "" &&
        run.selectedIndex + 1 < run.options.length
      ) {
        run.selectedIndex += 1;
        return await load();
      }
      isFirstLook = false;
      show(rows);
    } catch (error) {
      fill(list, empty(error instanceof Error ? error.message : String(error)));
    }
  }

  function show(rows: readonly Readonly<Record<string, unknown>>[]): void {
    back.disabled = starts.length < 2;
    forward.disabled = next === null;
    const none = search.value.trim() === "" ? "This run has no predictions." : "No prediction contains that.";
    fill(list, ...(rows.length === 0 ? [empty(none)] : rows.map(articleOf)));
    if (next === null)
      fill(
        status,
        starts.length === 1
          ? `${rows.length} ${rows.length === 1 ? "prediction" : "predictions"}`
          : `page ${starts.length}, the last`,
      );
    else fill(status, `page ${starts.length}`);
  }

  function render(): void {
    const runs = runsSelectedIn(store.state);
    setOptions(
      run,
      runs.map(({ key }) => key),
      run.value,
      "",
    );
    for (const option of run.options) {
      const summary = runs.find(({ key }) => key === option.value);
      if (summary !== undefined) option.textContent = runName(summary, runs);
    }
    if (runs.length === 0) {
      shownFor = "";
      fill(list, empty("Select a run in the table first."));
      return;
    }
    if (run.value !== shownFor) first();
  }

  return { root, render };
}

function articleOf(row: Readonly<Record<string, unknown>>): HTMLElement {
  const facts = ["kind", "task_id", "sample_idx", "step", "reward", "advantage"].filter(
    (name) => row[name] !== undefined,
  );
  return h(
    "article",
    { class: "prediction" },
    h(
      "header",
      {},
      ...facts.map((name) =>
        h("span", { class: "fact" }, h("span", { class: "quiet" }, `${name} `), valueText(row[name])),
      ),
    ),
    h("p", { class: "text" }, valueText(row.instruction)),
    h(
      "div",
      { class: "pair" },
      h("div", {}, h("h4", {}, "Expected"), h("p", { class: "text" }, valueText(row.expected))),
      h("div", {}, h("h4", {}, "Output"), h("p", { class: "text" }, valueText(row.model_output))),
    ),
    row.metadata === undefined
      ? null
      : h("details", {}, h("summary", {}, "Metadata"), h("pre", {}, JSON.stringify(row.metadata, null, 2))),
  );
}
