import { join } from "node:path";
import { readPiece } from "./file-piece.js";
import { MetricScanner, type ValueSink } from "./metric-scanner.js";
import { readExactNumber } from "./number-reader.js";
import { segmentName } from "./paths.js";
import { slotsOf } from "./rows.js";

const TAIL_BYTES = 2 * 1024;
const MAX_TAIL_BYTES = 8 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The last value of a series. */
export interface LastValue {
  readonly step: number;
  readonly value: number;
}

/** The last values of a run's metrics. */
export interface LastRows {
  readonly lastStep: number | undefined;
  /** The last value of each series in the last rows, by {@link seriesLabel}. */
  readonly values: ReadonlyMap<string, LastValue>;
}

/** The label of a series: its name, followed by the split in brackets unless it is train. */
export function seriesLabel(split: string, series: string): string {
  return split === "train" ? series : `${series} (${split})`;
}

/**
 * Reads the last rows of a run's metrics: at least one complete row and `tailBytes` of each file, which is fast enough for
 * thousands of runs. Of several files, the one with the higher step counts.
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
    if (isDone || bytes.length === size || lengthBytes > MAX_TAIL_BYTES) return found;
  }
}
