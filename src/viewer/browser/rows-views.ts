import type { RunSummary } from "../api-types.js";
import { breakdownsOf } from "./breakdowns.js";
import { type Child, empty, fill, h } from "./dom.js";
import { numberText, shortId, valueText } from "./format.js";
import { rowsTable, type TableColumn } from "./rows-table.js";
import { colourOf, dot, runName, runsSelectedIn } from "./runs.js";
import type { Source } from "./source.js";
import type { Store } from "./state.js";

type Fields = Readonly<Record<string, unknown>>;

/** A row of a stream and its run. */
interface StreamRow {
  readonly run: RunSummary;
  readonly fields: Fields;
}

/** The evals of the selected runs, one column per metric. */
export function evalsView(store: Store, source: Source) {
  return streamView(store, source, "evals", "None of the selected runs has an eval.", (rows) => {
    const metrics = [...new Set(rows.flatMap(({ fields }) => Object.keys(objectOf(fields.metrics))))];
    const columns: TableColumn<StreamRow>[] = [
      runColumn(store),
      ...fieldColumn(rows, "Benchmark", "benchmark_id"),
      ...fieldColumn(rows, "Step", "step"),
      ...metrics.map((name) => ({
        title: name,
        isNumber: true,
        cell: ({ fields }: StreamRow) => valueText(objectOf(fields.metrics)[name]),
      })),
    ];
    return rowsTable("Evals", columns, rows, ({ fields }) => breakdownsOf(fields));
  });
}

/** The checkpoints of the selected runs. */
export function checkpointsView(store: Store, source: Source) {
  return streamView(store, source, "checkpoints", "None of the selected runs has a checkpoint.", (rows) =>
    rowsTable<StreamRow>(
      "Checkpoints",
      [
        runColumn(store),
        ...fieldColumn(rows, "Step", "step"),
        ...fieldColumn(rows, "Label", "label"),
        { title: "URI", cell: ({ fields }) => h("code", {}, valueText(fields.uri)) },
        ...fieldColumn(rows, "Base model", "base_model"),
        { title: "Final", cell: ({ fields }) => (fields.is_final === true ? "yes" : "no") },
        {
          title: "Id",
          cell: ({ fields }) => h("span", { title: valueText(fields.id) }, shortId(valueText(fields.id))),
        },
      ],
      rows,
    ),
  );
}

function streamView(
  store: Store,
  source: Source,
  stream: "evals" | "checkpoints",
  none: string,
  table: (rows: readonly StreamRow[]) => HTMLElement,
) {
  const root = h("section");
  let shown = "";

  async function load(): Promise<void> {
    const runs = runsSelectedIn(store.state);
    if (runs.length === 0) return show("", empty("Select runs in the table first."));
    const responses = await Promise.all(
      runs.map(({ key }) => source.get<{ rows: readonly Fields[]; skippedLines: number }>(stream, { run: key })),
    );
    const rows = runs.flatMap((run, at) => (responses[at]?.rows ?? []).map((fields) => ({ run, fields })));
    const text = JSON.stringify([runs.map(({ key }) => key), responses]);
    if (text === shown) return;
    const skipped = responses.reduce((sum, { skippedLines }) => sum + skippedLines, 0);
    show(
      text,
      rows.length === 0 ? empty(none) : table(rows),
      skipped > 0 && h("p", { class: "note" }, `${numberText(skipped)} torn or invalid lines were skipped.`),
    );
  }

  function show(text: string, ...children: readonly Child[]): void {
    shown = text;
    fill(root, ...children);
  }

  return { root, render: () => void load().catch((error: unknown) => show("", empty(String(error)))) };
}

function runColumn(store: Store): TableColumn<StreamRow> {
  return {
    title: "Run",
    cell: ({ run }) =>
      h("span", { class: "run" }, dot(colourOf(run.key, store.state)), runName(run, runsSelectedIn(store.state))),
  };
}

/** The column of an optional field; none if no row has it, because a phone has little room. */
function fieldColumn(rows: readonly StreamRow[], title: string, field: string): TableColumn<StreamRow>[] {
  const values = rows.map(({ fields }) => fields[field] ?? undefined).filter((value) => value !== undefined);
  if (values.length === 0) return [];
  const isNumber = values.every((value) => typeof value === "number");
  return [{ title, isNumber, cell: ({ fields }) => valueText(fields[field] ?? undefined) }];
}

function objectOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}
