import { join } from "node:path";
import { readPiece } from "../../store/file-piece.js";
import { seriesLabel } from "../../store/last-rows.js";
import { MetricScanner } from "../../store/metric-scanner.js";
import { segmentName } from "../../store/paths.js";
import { slotsOf } from "../../store/rows.js";

/** A larger file is sampled instead of read completely. */
const WHOLE_BYTES = 1024 * 1024;
const SAMPLES = 256;
const SAMPLE_BYTES = 4 * 1024;
const NEWLINE = 0x0a;

/** One series of a run, reduced to a few points. */
export interface Curve {
  readonly series: string;
  /** The means of equal parts of the steps, in order; null if a part has rows but no finite value. */
  readonly values: readonly (number | null)[];
}

/** The most informative series of a run: `loss`, else one with "loss" in its name, else the first. */
export function mainSeries(labels: readonly string[]): string | undefined {
  return labels.includes("loss") ? "loss" : (labels.find((label) => /loss/i.test(label)) ?? labels[0]);
}

/** The curve of a series in at most `width` points. Memory use is bounded. */
export function curveOf(folder: string, label: string, width: number): Curve {
  const points: { readonly step: number; readonly value: number }[] = [];
  for (const slot of slotsOf(folder, "metrics")) {
    const scanner = new MetricScanner<boolean>({
      target: (split, series) => seriesLabel(split, series) === label,
      add(isWanted, step, value) {
        if (isWanted) points.push({ step, value });
      },
      skip() {},
    });
    scanSamples(join(folder, segmentName("metrics", slot)), scanner);
  }
  return { series: label, values: means(points, width) };
}

function scanSamples(path: string, scanner: MetricScanner<boolean>): void {
  const { size } = readPiece(path, 0, 0);
  const isWhole = size <= WHOLE_BYTES;
  for (let sample = 0; sample < (isWhole ? 1 : SAMPLES); sample += 1) {
    const start = Math.floor(((size - SAMPLE_BYTES) / (SAMPLES - 1)) * sample);
    const { bytes } = isWhole ? readPiece(path, 0, size) : readPiece(path, start, SAMPLE_BYTES);
    scanner.scan(bytes.subarray(sample === 0 ? 0 : bytes.indexOf(NEWLINE) + 1), 0);
  }
}

function means(points: readonly { readonly step: number; readonly value: number }[], width: number) {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { step } of points) {
    first = Math.min(first, step);
    last = Math.max(last, step);
  }
  const parts = Math.min(width, last - first + 1);
  if (!(parts > 0)) return [];
  const sums = Array.from({ length: parts }, () => ({ sum: 0, count: 0, rows: 0 }));
  for (const { step, value } of points) {
    const part = sums[Math.floor(((step - first) / (last - first + 1)) * parts)];
    if (part !== undefined) part.rows += 1;
    if (part === undefined || !Number.isFinite(value)) continue;
    part.sum += value;
    part.count += 1;
  }
  return sums.filter(({ rows }) => rows > 0).map(({ sum, count }) => (count === 0 ? null : sum / count));
}
