import type { RunList } from "../api-types.js";
import { configView } from "./config-view.js";
import { curvesView } from "./curves-view.js";
import { fill, h } from "./dom.js";
import { predictionsView } from "./predictions-view.js";
import { checkpointsView, evalsView } from "./rows-views.js";
import { colourOf, dot, runName, runsSelectedIn } from "./runs.js";
import { runsView } from "./runs-view.js";
import { sourceOfPage } from "./source.js";
import { Store, VIEWS, type View } from "./state.js";

const REFRESH_MS = 1_000;
const TITLES: Readonly<Record<View, string>> = {
  runs: "Runs",
  curves: "Curves",
  evals: "Evals",
  checkpoints: "Checkpoints",
  predictions: "Predictions",
  config: "Configuration",
};

const source = sourceOfPage();
const store = new Store();
const views = {
  runs: runsView(store, source),
  curves: curvesView(store, source),
  evals: evalsView(store, source),
  checkpoints: checkpointsView(store, source),
  predictions: predictionsView(store, source),
  config: configView(store, source),
};
const message = h("p", { class: "message", role: "alert", hidden: true });
const mirrors = h("span", { class: "mirrors" });
const selection = h("ul", { class: "selection", "aria-label": "Selected runs" });
const content = h("main", { id: "content" });
const tabs = new Map(
  VIEWS.map((view) => [view, h("a", { href: `#view=${view}`, onclick: (event) => go(event, view) }, TITLES[view])]),
);

function go(event: Event, view: View): void {
  event.preventDefault();
  store.set({ view });
}

function render(): void {
  const { state } = store;
  for (const [view, tab] of tabs) {
    if (view === state.view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  const { missing } = state.list;
  const gone =
    missing.length > 0
      ? `This mirror no longer exists: ${missing.join(", ")}. It reappears if it is created again.`
      : "";
  const note = state.error || gone || source.snapshot?.note || "";
  message.hidden = note === "";
  if (message.textContent !== note) message.textContent = note;
  document.title = `${TITLES[state.view]} · evsys-sdk`;
  fill(mirrors, [...new Set(state.list.runs.map(({ mirror }) => mirror))].join(", "));
  selection.hidden = state.view === "runs" || state.selected.length === 0;
  fill(selection, ...runsSelectedIn(state).map(chip));
  const { root, render: renderView } = views[state.view];
  if (content.firstElementChild !== root) fill(content, root);
  renderView();
}

function chip(run: Parameters<typeof runName>[0]): HTMLElement {
  const name = runName(run, runsSelectedIn(store.state));
  const remove = () => store.toggle(run.key);
  return h(
    "li",
    {},
    dot(colourOf(run.key, store.state)),
    h("span", { class: "label" }, name),
    h("button", { type: "button", "aria-label": `Remove ${name}`, onclick: remove }, "×"),
  );
}

let listText = "";
async function refresh(): Promise<void> {
  const startedAt = performance.now();
  if (document.visibilityState === "visible" || listText === "") {
    try {
      const list = await source.get<RunList>("runs", { series: store.state.series });
      const text = JSON.stringify(list);
      if (store.state.series === "")
        store.set({ series: list.series.find((name) => name === "loss") ?? list.series[0] ?? "" });
      if (text !== listText || store.state.error !== "") store.set({ list, error: "" });
      listText = text;
    } catch (error) {
      const reason = error instanceof TypeError ? "The viewer has stopped. Start evsys-sdk ui again." : String(error);
      store.set({ error: reason });
    }
  }
  // A slow list is refreshed less often.
  if (source.snapshot === undefined)
    window.setTimeout(() => void refresh(), Math.max(REFRESH_MS, 5 * (performance.now() - startedAt)));
}

const root = document.getElementById("viewer");
if (root !== null) {
  const skip = h(
    "a",
    {
      class: "skip",
      href: "#content",
      onclick: (event) => {
        event.preventDefault();
        content.setAttribute("tabindex", "-1");
        content.focus();
      },
    },
    "Skip to content",
  );
  const live = h(
    "span",
    { class: "live" },
    source.snapshot === undefined ? "live" : `as of ${new Date(source.snapshot.madeAt).toLocaleString()}`,
  );
  fill(
    root,
    skip,
    h(
      "header",
      { class: "top" },
      h("strong", {}, "evsys-sdk"),
      mirrors,
      live,
      h("nav", { "aria-label": "Views" }, ...tabs.values()),
    ),
    message,
    selection,
    content,
  );
}
store.listen((state, before) => {
  if (state.view !== before.view) tabs.get(state.view)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (state.series !== before.series)
    void source.get<RunList>("runs", { series: state.series }).then((list) => store.set({ list }));
  render();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => views.curves.redraw());
render();
void refresh();
