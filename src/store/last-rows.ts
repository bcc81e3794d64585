import { join } from "node:path";
import { isObject } from "../util/objects.js";
import { readPiece } from "./file-piece.js";
import { MetricScanner } from "./metric-scanner.js";
import { segmentName } from "./paths.js";
import { parseRow, type Row, slotsOf } from "./rows.js";

const TAIL_BYTES = 2 * 1024;
const MOST_TAIL_BYTES = 8 * 1024 * 1024;
const NEWLINE = 0x0a;

interface Series {
  readonly series: string;
  readonly split: string;
}

/** The series of a row, and where the row starts in a piece of the file. */
interface Located extends Series {
  readonly start: number;
}

/** The last value of a series. */
export interface LastValue extends Series {
  readonly step: number;
  readonly value: number;
}

/** The end of a run's metrics. */
export interface LastRows {
  readonly lastStep: number | undefined;
  /** The last value of each series that the last rows have, by {@link seriesLabel}. */
  readonly values: ReadonlyMap<string, LastValue>;
}

/** A series as people read it: its name, with the split unless that is train. */
export function seriesLabel(split: string, series: string): string {
  return split === "train" ? series : `${series} (${split})`;
}

/**
 * Reads the last rows of a run's metrics: at least `tailBytes` of each file, and a whole row, so that thousands of runs take
 * no time. Of two files, the one that has come to a higher step counts.
 */
export function lastRowsOf(folder: string, tailBytes = TAIL_BYTES): LastRows {
  const values = new Map<string, LastValue>();
  let lastStep: number | undefined;
  for (const slot of slotsOf(folder, "metrics")) {
    for (const [label, last] of lastValuesIn(join(folder, segmentName("metrics", slot)), tailBytes)) {
      lastStep = Math.max(lastStep ?? last.step, last.step);
      if (last.step >= (values.get(label)?.step ?? Number.NEGATIVE_INFINITY)) values.set(label, last);
    }
  }
  return { lastStep, values };
}

function lastValuesIn(path: string, tailBytes: number): ReadonlyMap<string, LastValue> {
  const starts = new Map<string, Located>();
  const scanner = new MetricScanner<Series & { readonly label: string }>({
    target: (split, series) => ({ split, series, label: seriesLabel(split, series) }),
    add: ({ label, series, split }, _step, _value, start) => starts.set(label, { series, split, start }),
    skip() {},
  });
  for (let lengthBytes = tailBytes; ; lengthBytes *= 4) {
    const { bytes, size } = readPiece(path, (all) => all - lengthBytes, lengthBytes);
    const line = bytes.length === size ? 0 : bytes.indexOf(NEWLINE) + 1;
    const isDone = scanner.scan(bytes.subarray(line), line) > 0;
    if (isDone || bytes.length === size || lengthBytes > MOST_TAIL_BYTES) return exactValues(bytes, starts);
  }
}

/** The scanner rounds: the few rows that count are parsed. */
function exactValues(bytes: Buffer, starts: ReadonlyMap<string, Located>): Map<string, LastValue> {
  const rows = new Map<number, Row>();
  const found = new Map<string, LastValue>();
  for (const [label, { series, split, start }] of starts) {
    const row = rows.get(start) ?? parseRow(bytes.toString("utf8", start, bytes.indexOf(NEWLINE, start))) ?? {};
    rows.set(start, row);
    const value = isObject(row.metrics) ? row.metrics[series] : undefined;
    found.set(label, { series, split, step: Number(row.step), value: Number(value) });
  }
  return found;
}
