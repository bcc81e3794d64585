import { lastRowsOf } from "../../store/last-rows.js";
import { type Scalar, scalarOf } from "../../util/scalar.js";
import type { EntityStatus } from "../mirrors/entity-status.js";
import { type Curve, curveOf, mainSeries } from "./curve.js";

/** How much of a file's end is read for the last values. Usually enough for series that are logged every 100 steps. */
const TAIL_BYTES = 32 * 1024;
const CURVE_WIDTH = 32;

/** The progress of a run. */
export interface Progress {
  readonly lastStep: number | null;
  /** The last value of each series in the last rows, by name; other splits than train are in brackets. */
  readonly lastValues: Readonly<Record<string, Scalar>>;
  /** The curve of the main series; null if there is none or it was not requested. */
  readonly curve: Curve | null;
}

/** An experiment or a run with its progress. */
export interface ListedEntity extends EntityStatus {
  /** Null for an experiment. */
  readonly progress: Progress | null;
}

/** Reads the progress of a run from the end of its files, and the curve from samples of them. */
export function progressOf({ path }: EntityStatus, hasCurve: boolean): Progress {
  const { lastStep, values } = lastRowsOf(path, TAIL_BYTES);
  const main = mainSeries([...values.keys()]);
  return {
    lastStep: lastStep ?? null,
    lastValues: Object.fromEntries([...values].map(([label, { value }]) => [label, scalarOf(value) ?? "NaN"])),
    curve: hasCurve && main !== undefined ? curveOf(path, main, CURVE_WIDTH) : null,
  };
}
