import { type Child, h } from "./dom.js";

/** A column of a simple table. */
export interface TableColumn<Row> {
  readonly title: string;
  readonly isNumber?: boolean;
  readonly cell: (row: Row) => Child;
}

/** A table whose first column contains the row headers. `more` creates the details of a row. */
export function rowsTable<Row>(
  label: string,
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  more?: (row: Row) => HTMLElement | undefined,
): HTMLElement {
  const body = h("tbody");
  for (const row of rows) {
    const details = more?.(row);
    const hidden =
      details === undefined
        ? undefined
        : h("tr", { class: "details", hidden: true }, h("td", { colspan: columns.length + 1 }, details));
    const cells = columns.map((column, at) =>
      h(
        at === 0 ? "th" : "td",
        { scope: at === 0 ? "row" : null, class: column.isNumber ? "number" : null, "data-title": column.title },
        column.cell(row),
      ),
    );
    body.append(
      h(
        "tr",
        {},
        ...(more === undefined ? [] : [h("td", { class: "check" }, hidden === undefined ? null : expander(hidden))]),
        ...cells,
      ),
    );
    if (hidden !== undefined) body.append(hidden);
  }
  const headings = columns.map(({ title, isNumber }) =>
    h("th", { scope: "col", class: isNumber ? "number" : null }, title),
  );
  const first = more === undefined ? [] : [h("th", {}, h("span", { class: "hidden" }, "Details"))];
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, ...first, ...headings)), body),
  );
}

function expander(details: HTMLElement): HTMLElement {
  const button = h("button", { type: "button", class: "icon", "aria-expanded": "false", "aria-label": "Details" }, "▸");
  button.addEventListener("click", () => {
    details.hidden = !details.hidden;
    button.setAttribute("aria-expanded", String(!details.hidden));
    button.textContent = details.hidden ? "▸" : "▾";
  });
  return button;
}
