import type { Look } from "./chart-data.js";
import { debounced, h } from "./dom.js";
import type { Zoom } from "./state.js";

/** The events of the chart toolbar. */
export interface ToolbarEvents {
  readonly onChange: () => void;
  /** The x axis shows steps instead of time, or time instead of steps. */
  readonly onAxis: () => void;
  readonly onSearch: () => void;
  readonly onZoom: (change: (zoom: Zoom) => Zoom) => void;
  readonly onReset: () => void;
}

/** The settings of all charts: axes, smoothing, search and zoom. Every mouse action also has a button. */
export function curvesToolbar({ onChange, onAxis, onSearch, onZoom, onReset }: ToolbarEvents) {
  const search = h("input", {
    type: "search",
    placeholder: "Find series",
    "aria-label": "Find series",
    oninput: debounced(onSearch, 150),
  });
  const axis = h(
    "select",
    { "aria-label": "Horizontal axis", onchange: onAxis },
    h("option", { value: "step" }, "by step"),
    h("option", { value: "time" }, "by wall clock"),
  );
  const logX = h("input", { type: "checkbox", onchange: onChange });
  const logY = h("input", { type: "checkbox", onchange: onChange });
  const smoothing = h("input", {
    type: "range",
    min: 0,
    max: 0.99,
    step: 0.01,
    value: 0,
    oninput: () => {
      showSmoothing();
      onChange();
    },
  });
  const amount = h("output", {}, "0");
  const button = (label: string, text: string, onclick: () => void) =>
    h("button", { type: "button", class: "icon", "aria-label": label, title: label, onclick }, text);
  const around =
    (factor: number) =>
    ({ from, to }: Zoom): Zoom => {
      const [middle, half] = [(from + to) / 2, ((to - from) / 2) * factor];
      return { from: middle - half, to: middle + half };
    };
  const aside =
    (share: number) =>
    ({ from, to }: Zoom): Zoom => ({ from: from + (to - from) * share, to: to + (to - from) * share });
  const reset = h("button", { type: "button", onclick: onReset, hidden: true }, "Reset zoom");
  const zoomButtons = h(
    "div",
    { class: "group", role: "group", "aria-label": "Zoom" },
    button("Pan left", "←", () => onZoom(aside(-0.25))),
    button("Zoom in", "+", () => onZoom(around(0.5))),
    button("Zoom out", "−", () => onZoom(around(2))),
    button("Pan right", "→", () => onZoom(aside(0.25))),
  );
  const root = h(
    "div",
    { class: "toolbar" },
    search,
    axis,
    h("label", {}, logX, "log x"),
    h("label", {}, logY, "log y"),
    h("label", { class: "slider" }, "Smoothing", smoothing, amount),
    h("span", { class: "grow" }),
    reset,
    zoomButtons,
  );

  function showSmoothing(): void {
    amount.value = String(Number(smoothing.value));
  }

  return {
    root,
    search: (): string => search.value.trim(),
    values: (): Look & { readonly isTime: boolean } => ({
      isLogX: logX.checked,
      isLogY: logY.checked,
      smoothing: Number(smoothing.value),
      isTime: axis.value === "time",
    }),
    show({ isZoomed, hasClock }: { readonly isZoomed: boolean; readonly hasClock: boolean }): void {
      reset.hidden = !isZoomed;
      axis.disabled = !hasClock;
      axis.title = hasClock ? "" : "These runs log no series named _timestamp, timestamp or wall_time.";
    },
  };
}
