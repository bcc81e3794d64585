import type { SeriesInfo, SeriesList } from "../api-types.js";
import { ChartCard, type ChartSettings } from "./chart-card.js";
import { type RunClock, runClockOf } from "./clock.js";
import { curvesToolbar } from "./curves-toolbar.js";
import { empty, fill, h } from "./dom.js";
import { colourOf, runName, runsSelectedIn } from "./runs.js";
import type { Source } from "./source.js";
import type { Store, Zoom } from "./state.js";

const [LIVE_MS, SERIES_MS, PAGE_CHARTS, MAX_SERIES] = [500, 2_000, 12, 200];

/** The curves of the selected runs, one chart per series. */
export function curvesView(store: Store, source: Source) {
  let runs: ChartSettings["runs"] = [];
  let cards: ChartCard[] = [];
  let zoom: Zoom | undefined;
  let [shownCharts, selection] = [PAGE_CHARTS, ""];
  let clocks = new Map<string, RunClock>();
  /** The number of series of each run when the charts were created. */
  let totals: readonly number[] = [];
  let [mayHaveMoreSeries, seriesDueAt] = [false, 0];
  const grid = h("div", { class: "charts" });
  const toolbar = curvesToolbar({
    onChange: () => applySettings(),
    onAxis: () => setZoom(undefined),
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

  /** All of the x axis, in its own unit. */
  function extent(): Zoom {
    const all = cards.flatMap((card) => card.extent ?? []);
    if (all.length === 0) return { from: 0, to: 1 };
    return { from: Math.min(...all.map(({ from }) => from)), to: Math.max(...all.map(({ to }) => to)) };
  }

  async function rebuild(): Promise<void> {
    const { state } = store;
    const chosen = runsSelectedIn(state);
    selection = state.selected.join("\n");
    runs = chosen.map((run) => ({ key: run.key, label: runName(run, chosen), colour: colourOf(run.key, state) }));
    if (runs.length === 0) {
      cards = [];
      return fill(grid, empty("Select runs in the table to see their curves."));
    }
    const expected = selection;
    const search = toolbar.search();
    const [lists, all] = [await seriesLists(search), search === "" ? undefined : await seriesLists("")];
    if (expected !== selection) return;
    const found = new Map<string, SeriesInfo>();
    for (const info of lists.flatMap(({ series }) => series))
      if (info.name.toLowerCase().includes(search.toLowerCase()) && !found.has(info.name)) found.set(info.name, info);
    const total = Math.max(...lists.map((list) => list.total));
    totals = (all ?? lists).map((list) => list.total);
    await readClocks();
    showCharts(
      [...found.values()],
      total,
      lists.reduce((sum, { skippedLines }) => sum + skippedLines, 0),
    );
  }

  function seriesLists(search: string): Promise<SeriesList[]> {
    return Promise.all(runs.map(({ key }) => source.get<SeriesList>("series", { run: key, search, most: MAX_SERIES })));
  }

  async function readClocks(): Promise<void> {
    const read = await Promise.all(runs.map(({ key }) => runClockOf(source, key)));
    clocks = new Map(runs.flatMap(({ key }, at) => (read[at] === undefined ? [] : [[key, read[at]] as const])));
  }

  function showCharts(series: readonly SeriesInfo[], total: number, skippedLines: number): void {
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
      const request = source.get<Record<string, string>>("versions", { run: runs.map(({ key }) => key) });
      const versions = await request.catch(() => undefined);
      if (versions !== undefined) await show(versions);
    }
    window.setTimeout(() => void poll(), LIVE_MS);
  }

  /** Redraws outdated charts, and looks for new series. */
  async function show(versions: Readonly<Record<string, string>>): Promise<void> {
    const outdated = cards.filter((card) => card.isVisible && card.isOutdated(versions));
    await Promise.all(outdated.map((card) => card.load()));
    mayHaveMoreSeries ||= outdated.length > 0 || cards.length === 0;
    if (!mayHaveMoreSeries || performance.now() < seriesDueAt) return;
    mayHaveMoreSeries = false;
    seriesDueAt = performance.now() + SERIES_MS;
    const lists = await seriesLists("").catch(() => []);
    if (lists.some(({ total }, at) => total !== totals[at])) await rebuild().catch(() => {});
  }
  if (source.snapshot === undefined) void poll();

  function render(): void {
    if (
      store.state.selected.join("\n") === selection &&
      runs.length === runsSelectedIn(store.state).length &&
      selection !== ""
    )
      return;
    zoom = undefined;
    void rebuild().catch((error: unknown) => fill(grid, empty(error instanceof Error ? error.message : String(error))));
  }

  /** Redraws all charts after a change of the colour scheme. */
  function redraw(): void {
    for (const card of cards) if (card.isVisible) card.draw();
  }

  return { root, render, redraw };
}
