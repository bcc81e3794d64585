import type { SeriesInfo, SeriesList } from "../api-types.js";
import { ChartCard, type ChartSettings } from "./chart-card.js";
import { type Clock, clockOf } from "./clock.js";
import { curvesToolbar } from "./curves-toolbar.js";
import { empty, fill, h } from "./dom.js";
import { colourOf, runName, selectedRuns } from "./runs.js";
import type { Source } from "./source.js";
import type { Store, Zoom } from "./state.js";

const [LIVE_MS, PAGE_CHARTS, MOST_SERIES] = [500, 12, 200];

/** The curves of the selected runs, one chart for each series. */
export function curvesView(store: Store, source: Source) {
  let runs: ChartSettings["runs"] = [];
  let cards: ChartCard[] = [];
  let zoom: Zoom | undefined;
  let [versions, shownCharts, selection] = ["", PAGE_CHARTS, ""];
  let clocks = new Map<string, Clock>();
  const grid = h("div", { class: "charts" });
  const toolbar = curvesToolbar({
    onChange: () => applySettings(),
    onSearch: () => void rebuild(),
    onZoom: (change) => setZoom(change(zoom ?? extent())),
    onReset: () => setZoom(undefined),
  });
  const root = h("section", {}, toolbar.root, grid);
  const visibility = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const card = cards.find((each) => each.root === target);
      if (card === undefined) continue;
      const isNew = isIntersecting && !card.isVisible;
      card.isVisible = isIntersecting;
      if (isNew) void card.load();
    }
  });

  function settings(): ChartSettings {
    const { isTime, ...look } = toolbar.values();
    return { ...look, runs, zoom, clocks: isTime && clocks.size > 0 ? clocks : undefined };
  }

  function applySettings(): void {
    toolbar.show({ isZoomed: zoom !== undefined, hasClock: clocks.size > 0 });
    for (const card of cards) card.set(settings());
  }

  function setZoom(next: Zoom | undefined): void {
    zoom = next;
    applySettings();
  }

  function extent(): Zoom {
    return { from: 0, to: Math.max(1, ...selectedRuns(store.state).map(({ lastStep }) => lastStep ?? 0)) };
  }

  async function rebuild(): Promise<void> {
    const { state } = store;
    const chosen = selectedRuns(state);
    selection = state.selected.join("\n");
    runs = chosen.map((run) => ({ key: run.key, label: runName(run, chosen), colour: colourOf(run.key, state) }));
    if (runs.length === 0) {
      cards = [];
      return fill(grid, empty("Select runs in the table to see their curves."));
    }
    const expected = selection;
    const search = toolbar.search();
    const lists = await Promise.all(
      runs.map(({ key }) => source.get<SeriesList>("series", { run: key, search, most: MOST_SERIES })),
    );
    if (expected !== selection) return;
    const found = new Map<string, SeriesInfo>();
    for (const info of lists.flatMap(({ series }) => series))
      if (info.name.toLowerCase().includes(search.toLowerCase()) && !found.has(info.name)) found.set(info.name, info);
    const total = Math.max(...lists.map((list) => list.total));
    await readClocks(lists);
    show(
      [...found.values()],
      total,
      lists.reduce((sum, { skippedLines }) => sum + skippedLines, 0),
    );
  }

  async function readClocks(lists: readonly SeriesList[]): Promise<void> {
    const read = await Promise.all(
      runs.map(({ key }, at) =>
        clockOf(
          source,
          key,
          (lists[at]?.series ?? []).map(({ name }) => name),
        ),
      ),
    );
    clocks = new Map(runs.flatMap(({ key }, at) => (read[at] === undefined ? [] : [[key, read[at]] as const])));
  }

  function show(series: readonly SeriesInfo[], total: number, skippedLines: number): void {
    visibility.disconnect();
    const events = { onZoom: (next: Zoom) => setZoom(next), onReset: () => setZoom(undefined) };
    cards = series.slice(0, shownCharts).map((info) => new ChartCard(source, info, settings(), events));
    const more = () => {
      shownCharts += PAGE_CHARTS;
      void rebuild();
    };
    const rest = Math.max(total, series.length) - cards.length;
    fill(
      grid,
      ...cards.map((card) => card.root),
      cards.length === 0 && empty("No series here yet."),
      rest > 0 &&
        h(
          "button",
          { type: "button", class: "more", onclick: more },
          `Show more of ${rest.toLocaleString("en-US")} other series`,
        ),
      skippedLines > 0 && h("p", { class: "note wide" }, `${skippedLines} torn or invalid lines were skipped.`),
    );
    for (const card of cards) visibility.observe(card.root);
    toolbar.show({ isZoomed: zoom !== undefined, hasClock: clocks.size > 0 });
  }

  async function poll(): Promise<void> {
    if (store.state.view === "curves" && document.visibilityState === "visible" && runs.length > 0) {
      const found = JSON.stringify(
        await source.get("versions", { run: runs.map(({ key }) => key) }).catch(() => versions),
      );
      if (versions !== "" && found !== versions) {
        if (cards.length === 0) await rebuild();
        for (const card of cards) if (card.isVisible) void card.load();
      }
      versions = found;
    }
    window.setTimeout(() => void poll(), LIVE_MS);
  }
  if (source.snapshot === undefined) void poll();

  function render(): void {
    if (
      store.state.selected.join("\n") === selection &&
      runs.length === selectedRuns(store.state).length &&
      selection !== ""
    )
      return;
    zoom = undefined;
    versions = "";
    void rebuild().catch((error: unknown) => fill(grid, empty(error instanceof Error ? error.message : String(error))));
  }

  /** Draws in the colours of the other scheme. */
  function redraw(): void {
    for (const card of cards) if (card.isVisible) card.draw();
  }

  return { root, render, redraw };
}
