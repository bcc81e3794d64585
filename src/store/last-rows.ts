import { join } from "node:path";
import { readPiece } from "./file-piece.js";
import { MetricScanner, type ValueSink } from "./metric-scanner.js";
import { readExactNumber } from "./number-reader.js";
import { segmentName } from "./paths.js";
import { slotsOf } from "./rows.js";

const TAIL_BYTES = 2 * 1024;
const MOST_TAIL_BYTES = 8 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The last value of a series. */
export interface LastValue {
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
  const found = new Map<string, LastValue>();
  const sink: ValueSink<string> = {
    target: seriesLabel,
    add: (label, step, value) => found.set(label, { step, value }),
    skip() {},
  };
  const scanner = new MetricScanner(sink, readExactNumber);
  for (let lengthBytes = tailBytes; ; lengthBytes *= 4) {
    const { bytes, size } = readPiece(path, (all) => all - lengthBytes, lengthBytes);
    const line = bytes.length === size ? 0 : bytes.indexOf(NEWLINE) + 1;
    const isDone = scanner.scan(bytes.subarray(line), 0) > 0;
    if (isDone || bytes.length === size || lengthBytes > MOST_TAIL_BYTES) return found;
  }
}
