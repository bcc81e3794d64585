import { dashOf } from "./chart.js";
import type { ChartLine } from "./chart-data.js";
import { h } from "./dom.js";
import { numberText } from "./format.js";

/** The items of a legend: where the cursor is, then the value of each line there. */
export function legendItems(
  at: string,
  lines: readonly ChartLine[],
  values: readonly (number | null)[],
): HTMLElement[] {
  return [
    h("li", { class: "at" }, at),
    ...lines.map(({ label, colour, part }, line) =>
      h(
        "li",
        {},
        swatch(colour, part.split),
        h("span", { class: "label" }, label),
        h("span", { class: "value" }, numberText(values[line])),
      ),
    ),
  ];
}

/** A sample of the line in the chart. */
function swatch(colour: string, split: string): HTMLElement {
  const element = h("span", { class: `swatch ${dashOf(split).length === 0 ? "" : "dashed"}`, "aria-hidden": "true" });
  element.style.borderColor = `var(${colour})`;
  if (split === "test") element.style.borderTopStyle = "dotted";
  return element;
}
