import { zCheckpointCreate, zEvalCreate, zPrediction, zRunCreate, zRunPatch } from "../../../generated/schemas.js";
import type { ExportedStream } from "./options.js";

const IDS = ["experiment_id", "run_id"];

/** The columns of a stream's CSV in long form. Fields that are not in the schema are only in JSON Lines. */
export function columnsOf(stream: ExportedStream): string[] {
  switch (stream) {
    case "metrics":
      return [...IDS, "step", "split", "series", "value"];
    case "evals":
      return [...evalColumns(), "series", "value"];
    case "predictions":
      return [...IDS, ...Object.keys(zPrediction.shape)];
    case "checkpoints":
      return [...IDS, "id", ...Object.keys(zCheckpointCreate.shape)];
    case "runs":
      return [
        ...new Set([
          ...IDS,
          "experiment_name",
          "project_id",
          "created_at",
          "updated_at",
          ...Object.keys(zRunCreate.shape),
          ...Object.keys(zRunPatch.shape),
        ]),
      ];
  }
}

/** The columns of the wide form that precede the series. */
export function wideColumns(stream: "metrics" | "evals"): string[] {
  return stream === "metrics" ? [...IDS, "step", "split"] : evalColumns();
}

/** The column name of each series. A name that is already in use gets the prefix `metrics.`. */
export function seriesColumns(columns: readonly string[], series: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set([...columns, ...series]);
  return new Map(
    series.map((name) => {
      let column = name;
      if (columns.includes(name)) {
        while (taken.has(column)) column = `metrics.${column}`;
        taken.add(column);
      }
      return [name, column];
    }),
  );
}

function evalColumns(): string[] {
  return [...IDS, "id", ...Object.keys(zEvalCreate.shape).filter((field) => field !== "metrics")];
}
