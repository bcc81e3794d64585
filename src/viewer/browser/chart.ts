import uPlot from "uplot";
import { spaceOf, tickTexts, widthOf } from "./axis-ticks.js";
import { alignedData, type ChartLine, type Look } from "./chart-data.js";
import type { Zoom } from "./state.js";

const PER_LINE = 4;
const DASHES: Readonly<Record<string, number[]>> = { train: [], val: [7, 4], test: [2, 3] };
const OTHER_DASH = [10, 3, 2, 3];

/** The events of a chart. */
export interface ChartEvents {
  /** A part of the x axis was selected. */
  readonly onZoom: (zoom: Zoom) => void;
  readonly onReset: () => void;
  /** The index under the cursor changed; undefined if the cursor has left. */
  readonly onCursor: (index: number | undefined) => void;
}

/** The dash pattern of a split. */
export function dashOf(split: string): number[] {
  return DASHES[split] ?? OTHER_DASH;
}

/** Draws lines with uPlot. */
export function drawChart(
  parent: HTMLElement,
  lines: readonly ChartLine[],
  look: Look,
  axis: { readonly isTime: boolean; readonly xOf: (line: ChartLine) => (number | null)[] },
  heightPx: number,
  events: ChartEvents,
): uPlot {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const grid = { stroke: colour("--grid"), width: 1 };
  const axisOf = (size: number): uPlot.Axis => ({
    stroke: colour("--quiet"),
    grid,
    ticks: { ...grid, size: 4 },
    font: "12px system-ui, sans-serif",
    size,
    gap: 4,
  });
  const chart = new uPlot(
    {
      width: Math.max(200, parent.clientWidth),
      height: heightPx,
      legend: { show: false },
      padding: [10, axis.isTime ? 32 : 20, 0, 0],
      scales: {
        x: { time: axis.isTime, distr: look.isLogX && !axis.isTime ? 3 : 1 },
        y: { distr: look.isLogY ? 3 : 1 },
      },
      axes: [
        axis.isTime ? axisOf(44) : { ...axisOf(30), values: (_, ticks) => tickTexts(ticks), space: spaceOf },
        { ...axisOf(58), values: (_, ticks) => tickTexts(ticks), size: (_, texts) => widthOf(texts, 58) },
      ],
      series: [{}, ...lines.flatMap((line) => seriesOf(line, look, colour(line.colour)))],
      bands: lines.map((line, at) => ({
        series: [at * PER_LINE + 4, at * PER_LINE + 3],
        fill: line.part.isExact ? "transparent" : withAlpha(colour(line.colour), 0.16),
      })),
      cursor: {
        sync: { key: "steps" },
        drag: { x: true, y: false, setScale: false },
        points: { size: 7, width: 2 },
        focus: { prox: 24 },
        bind: {
          dblclick: () => () => {
            events.onReset();
            return null;
          },
        },
      },
      focus: { alpha: 0.35 },
      hooks: {
        setCursor: [(self) => events.onCursor(self.cursor.idx ?? undefined)],
        setSelect: [
          (self) => {
            if (self.select.width < 4) return;
            const [from, to] = [
              self.posToVal(self.select.left, "x"),
              self.posToVal(self.select.left + self.select.width, "x"),
            ];
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            events.onZoom({ from, to });
          },
        ],
      },
    },
    alignedData(lines, look, axis.xOf),
    parent,
  );
  chart.root.setAttribute("aria-hidden", "true");
  return chart;
}

/** The values of the lines at an index of the x axis, or the nearest ones before it. */
export function valuesAt(chart: uPlot, index: number | undefined, lines: number): (number | null)[] {
  return Array.from({ length: lines }, (_, line) => {
    const values = chart.data[line * PER_LINE + 2];
    for (let at = index ?? (values?.length ?? 0) - 1; at >= 0; at -= 1) {
      const value = values?.[at];
      if (typeof value === "number") return value;
    }
    return null;
  });
}

/** The smoothed line in full colour, the mean in a pale colour, and the range between minimum and maximum as a band. */
function seriesOf({ part }: ChartLine, { smoothing }: Look, colour: string): uPlot.Series[] {
  const dash = dashOf(part.split);
  const common = { spanGaps: false, points: { show: part.steps.length < 2 } };
  const pale = smoothing > 0 ? withAlpha(colour, 0.3) : "transparent";
  return [
    { ...common, stroke: colour, width: 1.75, dash },
    { ...common, stroke: pale, width: 1, points: { show: false } },
    { ...common, stroke: "transparent", width: 0, points: { show: false } },
    { ...common, stroke: "transparent", width: 0, points: { show: false } },
  ];
}

/** A hexadecimal colour with transparency. */
function withAlpha(colour: string, alpha: number): string {
  return `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, "0")}`;
}
