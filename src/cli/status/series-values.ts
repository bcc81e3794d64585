import { join } from "node:path";
import { readPiece } from "../../store/file-piece.js";
import { seriesLabel } from "../../store/last-rows.js";
import { MetricScanner, type ValueSink } from "../../store/metric-scanner.js";
import { readExactNumber } from "../../store/number-reader.js";
import { segmentName } from "../../store/paths.js";
import { slotsOf } from "../../store/rows.js";

const PIECE_BYTES = 1024 * 1024;

/** The last, lowest and highest value of a series. Non-finite values count only as the last. */
export interface SeriesValues {
  last: number;
  lastStep: number;
  lowest: number;
  highest: number;
}

/** The last, lowest and highest value of each series of a run, by label. Reads all rows, in pieces. */
export function seriesValuesOf(folder: string): Map<string, SeriesValues> {
  const all = new Map<string, SeriesValues>();
  for (const slot of slotsOf(folder, "metrics")) {
    for (const [label, found] of valuesIn(join(folder, segmentName("metrics", slot)))) {
      const known = all.get(label) ?? found;
      // Of two writers, the one with the higher step counts.
      const { last, lastStep } = found.lastStep >= known.lastStep ? found : known;
      const lowest = Math.min(known.lowest, found.lowest);
      all.set(label, { last, lastStep, lowest, highest: Math.max(known.highest, found.highest) });
    }
  }
  return all;
}

function valuesIn(path: string): Map<string, SeriesValues> {
  const all = new Map<string, SeriesValues>();
  const sink: ValueSink<SeriesValues> = {
    target(split, series) {
      const label = seriesLabel(split, series);
      const values = all.get(label) ?? {
        last: Number.NaN,
        lastStep: Number.NaN,
        lowest: Number.POSITIVE_INFINITY,
        highest: Number.NEGATIVE_INFINITY,
      };
      all.set(label, values);
      return values;
    },
    add(values, step, value) {
      values.last = value;
      values.lastStep = step;
      if (!Number.isFinite(value)) return;
      if (value < values.lowest) values.lowest = value;
      if (value > values.highest) values.highest = value;
    },
    skip() {},
  };
  const scanner = new MetricScanner(sink, readExactNumber);
  let lengthBytes = PIECE_BYTES;
  for (let position = 0; ; ) {
    const { bytes, size } = readPiece(path, position, lengthBytes);
    const taken = scanner.scan(bytes, position);
    position += taken;
    if (position + (taken === 0 ? bytes.length : 0) >= size || bytes.length === 0) return all;
    // A row that is longer than the piece.
    lengthBytes = taken === 0 ? lengthBytes * 2 : PIECE_BYTES;
  }
}
