import { lastRowsOf } from "../../store/last-rows.js";
import { type Scalar, scalarOf } from "../../util/scalar.js";
import type { EntityStatus } from "../mirrors/entity-status.js";
import { type Curve, curveOf, mainSeries } from "./curve.js";

/** The end of a run's file that is read for the last values: also what is logged every hundredth step is in it, as a rule. */
const TAIL_BYTES = 32 * 1024;
const CURVE_WIDTH = 32;

/** How far a run has come. */
export interface Progress {
  readonly lastStep: number | null;
  /** The last value of each series that the last rows have: by name, with the split unless that is train. */
  readonly lastValues: Readonly<Record<string, Scalar>>;
  /** The curve of the loss; null where it was not asked for, or there is none. */
  readonly curve: Curve | null;
}

/** An experiment or a run as it is listed. */
export interface ListedEntity extends EntityStatus {
  /** Null for an experiment. */
  readonly progress: Progress | null;
}

/** Reads how far a run has come: the end of its files, and samples of them for the curve. */
export function progressOf({ path }: EntityStatus, hasCurve: boolean): Progress {
  const { lastStep, values } = lastRowsOf(path, TAIL_BYTES);
  const main = mainSeries([...values.keys()]);
  return {
    lastStep: lastStep ?? null,
    lastValues: Object.fromEntries([...values].map(([label, { value }]) => [label, scalarOf(value) ?? "NaN"])),
    curve: hasCurve && main !== undefined ? curveOf(path, main, CURVE_WIDTH) : null,
  };
}
