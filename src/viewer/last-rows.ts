import { join } from "node:path";
import { segmentName } from "../store/paths.js";
import { slotsOf } from "../store/rows.js";
import { readPiece } from "./file-piece.js";
import { MetricScanner } from "./metric-scanner.js";

const TAIL_BYTES = 2 * 1024;
const MOST_TAIL_BYTES = 8 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The end of a run's metrics. */
export interface LastRows {
  readonly lastStep: number | undefined;
  /** The last value of each series that the last rows have, by series or by `series (split)` for other splits than train. */
  readonly values: ReadonlyMap<string, number>;
  /** The size of the files, in bytes. */
  readonly bytes: number;
}

/** Reads the last rows of a run's metrics: only the end of each file, so that thousands of runs take no time. */
export function lastRowsOf(folder: string): LastRows {
  const values = new Map<string, number>();
  let lastStep: number | undefined;
  let bytes = 0;
  const scanner = new MetricScanner<string>({
    target: (split, name) => (split === "train" ? name : `${name} (${split})`),
    add(series, step, value) {
      values.set(series, value);
      if (lastStep === undefined || step > lastStep) lastStep = step;
    },
    skip() {},
  });
  for (const slot of slotsOf(folder, "metrics")) {
    bytes += scanTail(join(folder, segmentName("metrics", slot)), scanner);
  }
  return { lastStep, values, bytes };
}

function scanTail(path: string, scanner: MetricScanner<string>): number {
  for (let lengthBytes = TAIL_BYTES; ; lengthBytes *= 4) {
    const { bytes, size } = readPiece(path, (all) => all - lengthBytes, lengthBytes);
    const line = bytes.length === size ? 0 : bytes.indexOf(NEWLINE) + 1;
    const isDone = scanner.scan(bytes.subarray(line), 0) > 0;
    if (isDone || bytes.length === size || lengthBytes > MOST_TAIL_BYTES) return size;
  }
}
