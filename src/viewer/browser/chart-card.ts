import type uPlot from "uplot";
import type { CurveData, SeriesInfo } from "../api-types.js";
import { type ChartEvents, drawChart, valuesAt } from "./chart.js";
import type { ChartLine, Look } from "./chart-data.js";
import type { RunClock } from "./clock.js";
import { fill, h } from "./dom.js";
import { numberText } from "./format.js";
import { legendItems } from "./legend.js";
import type { Source } from "./source.js";
import type { Zoom } from "./state.js";

const [HEIGHT_PX, TALL_PX] = [220, 460];

/** The settings that all charts share. */
export interface ChartSettings extends Look {
  readonly runs: readonly { readonly key: string; readonly label: string; readonly colour: string }[];
  readonly zoom: Zoom | undefined;
  /** The clocks of the runs; undefined if the x axis shows steps. */
  readonly clocks: ReadonlyMap<string, RunClock> | undefined;
}

/** A chart of one series with its legend. It loads its data when it becomes visible. */
export class ChartCard {
  readonly root: HTMLElement;
  readonly #source: Source;
  readonly #series: string;
  readonly #events: Omit<ChartEvents, "onCursor">;
  readonly #plot: HTMLElement;
  readonly #legend = h("ul", { class: "legend" });
  readonly #note = h("p", { class: "note" });
  #settings: ChartSettings;
  #lines: readonly ChartLine[] = [];
  #chart: uPlot | undefined;
  #isTall = false;
  #request = 0;
  isVisible = false;
  /** The versions of the runs when they were last drawn. */
  readonly #versions = new Map<string, string>();

  constructor(source: Source, info: SeriesInfo, settings: ChartSettings, events: Omit<ChartEvents, "onCursor">) {
    this.#source = source;
    this.#series = info.name;
    this.#settings = settings;
    this.#events = events;
    this.#plot = h("div", {
      class: "plot",
      tabindex: 0,
      role: "group",
      "aria-label": `Curves of ${info.name}. Left and right arrow keys move the cursor; the values follow.`,
      onkeydown: (event) => this.#onKey(event),
      onfocus: () => this.#legend.setAttribute("aria-live", "polite"),
      onblur: () => this.#legend.removeAttribute("aria-live"),
    });
    const resize = h("button", { type: "button", class: "icon", "aria-pressed": "false" }, "Enlarge");
    resize.addEventListener("click", () => {
      this.#isTall = !this.#isTall;
      this.root.classList.toggle("tall", this.#isTall);
      resize.setAttribute("aria-pressed", String(this.#isTall));
      fill(resize, this.#isTall ? "Reduce" : "Enlarge");
      this.draw();
    });
    this.root = h(
      "article",
      { class: "card", "aria-label": `Series ${info.name}` },
      h("header", {}, h("h3", {}, info.name), resize),
      this.#plot,
      this.#legend,
      this.#note,
    );
    new ResizeObserver(() => this.#resize()).observe(this.#plot);
  }

  /** Applies other settings, and loads data if necessary. */
  set(settings: ChartSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (!this.isVisible) return;
    if (before.runs !== settings.runs || before.zoom !== settings.zoom) void this.load();
    else this.draw();
  }

  /** Loads the data and draws it. */
  async load(): Promise<void> {
    this.#request += 1;
    const request = this.#request;
    const { runs, zoom, clocks } = this.#settings;
    const window = zoom === undefined || clocks !== undefined ? {} : { from: zoom.from, to: zoom.to };
    const width = Math.max(200, Math.round(this.#plot.clientWidth));
    const responses = await Promise.all(
      runs.map((run) =>
        this.#source
          .get<CurveData>("curve", { run: run.key, series: this.#series, width, ...window })
          .catch(() => undefined),
      ),
    );
    if (request !== this.#request) return;
    for (const [at, { key }] of runs.entries()) this.#versions.set(key, responses[at]?.version ?? "");
    this.#lines = runs.flatMap(({ key, label, colour }, at) =>
      (responses[at]?.parts ?? []).map((part) => ({ run: key, label: `${label} · ${part.split}`, colour, part })),
    );
    const read = Math.min(1, ...responses.map((response) => response?.read ?? 1));
    fill(this.#note, this.#noteOf(read));
    this.draw();
  }

  /** What of the x axis is drawn; undefined where nothing is. */
  get extent(): Zoom | undefined {
    const xs = this.#chart?.data[0];
    const [from, to] = [xs?.[0], xs?.at(-1)];
    return from === undefined || to === undefined ? undefined : { from, to };
  }

  /** Whether runs have other rows than those that are drawn. */
  isOutdated(versions: Readonly<Record<string, string>>): boolean {
    return this.#settings.runs.some(
      ({ key }) => versions[key] !== undefined && this.#versions.get(key) !== versions[key],
    );
  }

  draw(): void {
    const { zoom, clocks } = this.#settings;
    const lines = this.#lines;
    const xOf = ({ run, part }: ChartLine): (number | null)[] => {
      const clock = clocks?.get(run);
      if (clocks === undefined) return [...part.steps];
      return part.steps.map((step) => clock?.(step) ?? null);
    };
    this.#chart?.destroy();
    const events: ChartEvents = { ...this.#events, onCursor: (index) => this.#showValues(index) };
    const height = this.#isTall ? TALL_PX : HEIGHT_PX;
    this.#chart = drawChart(this.#plot, lines, this.#settings, { isTime: clocks !== undefined, xOf }, height, events);
    if (zoom !== undefined) this.#chart.setScale("x", this.#scaleOf(zoom));
    this.#showValues(undefined);
  }

  /** A logarithmic axis starts above 0, wherever the part that was asked for starts. */
  #scaleOf({ from, to }: Zoom): { min: number; max: number } {
    const { isLogX, clocks } = this.#settings;
    const [least = 1] = this.#chart?.data[0] ?? [];
    const min = isLogX && clocks === undefined && from <= 0 ? Math.min(least, to / 2) : from;
    return { min, max: to };
  }

  #showValues(index: number | undefined): void {
    const chart = this.#chart;
    if (chart === undefined) return;
    const values = valuesAt(chart, index, this.#lines.length);
    const x = index === undefined ? undefined : chart.data[0][index];
    const at =
      x === undefined
        ? "last"
        : this.#settings.clocks === undefined
          ? `step ${numberText(x)}`
          : new Date(x * 1000).toLocaleTimeString();
    fill(this.#legend, ...legendItems(at, this.#lines, values));
  }

  /** Moves the cursor by one value; with Shift, by a tenth of the visible range. */
  #onKey(event: Event): void {
    const chart = this.#chart;
    if (chart === undefined || !(event instanceof KeyboardEvent)) return;
    if (event.key === "Escape") this.#events.onReset();
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const xs = chart.data[0];
    const stride = event.shiftKey ? Math.ceil(xs.length / 10) : 1;
    const from = chart.cursor.idx ?? (event.key === "ArrowLeft" ? xs.length : -1);
    const index = Math.max(0, Math.min(xs.length - 1, from + (event.key === "ArrowLeft" ? -stride : stride)));
    chart.setCursor({ left: chart.valToPos(xs[index] ?? 0, "x"), top: 20 });
  }

  #noteOf(read: number): string {
    const isReduced = this.#lines.some(({ part }) => !part.isExact);
    const sampled = read < 1 ? `${Math.floor(read * 100)} % of rows read; the rest is drawn from samples. ` : "";
    return `${sampled}${isReduced ? "Line: mean. Band: minimum to maximum." : ""}`;
  }

  #resize(): void {
    const width = this.#plot.clientWidth;
    if (this.#chart !== undefined && width > 0 && width !== this.#chart.width) {
      this.#chart.setSize({ width, height: this.#chart.height });
    }
  }
}
