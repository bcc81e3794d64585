/** What the viewer's server sends to the browser. */

import type { Scalar } from "../util/scalar.js";

export type { Scalar };

export interface RunSummary {
  /** The mirror's index and the run's id: unique among all mirrors. */
  readonly key: string;
  readonly id: string;
  readonly mirror: string;
  readonly name: string;
  readonly experimentId: string;
  readonly experiment: string;
  readonly project: string;
  readonly status: string;
  readonly seed: number | null;
  readonly tags: readonly string[];
  /** Milliseconds since the epoch; null if unknown. */
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  readonly lastStep: number | null;
  readonly bestScore: Scalar | null;
  /** The last value of the requested series. */
  readonly lastValue: Scalar | null;
  /** Why the document cannot be read; null if it can. */
  readonly problem: string | null;
}

export interface RunList {
  readonly runs: readonly RunSummary[];
  /** The series in the last rows of the runs, sorted; at most 500. */
  readonly series: readonly string[];
  /** Mirrors that no longer exist. */
  readonly missing: readonly string[];
}

/** How many of a run's writes are not delivered. */
export interface DeliveryState {
  readonly pending: number;
  readonly rejected: number;
  /** Whether another client wrote the run. */
  readonly isForeign: boolean;
}

export interface SeriesInfo {
  readonly name: string;
  readonly splits: readonly string[];
  readonly values: number;
  readonly nonFinite: number;
}

export interface SeriesList {
  readonly series: readonly SeriesInfo[];
  /** The number of matches, of which `series` has the first. */
  readonly total: number;
  readonly skippedLines: number;
}

/** One split of one series, reduced for drawing. Arrays have the same length; null is a gap. */
export interface CurvePart {
  readonly split: string;
  readonly steps: readonly number[];
  readonly mean: readonly (number | null)[];
  readonly min: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  /** Whether every point is one value. */
  readonly isExact: boolean;
}

export interface CurveData {
  readonly parts: readonly CurvePart[];
  /** The fraction of rows that were read, 0 to 1. Below 1, the rest is drawn from samples, if at all. */
  readonly read: number;
  /** Changes when there is more to draw. */
  readonly version: string;
}

export interface PredictionPage {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Where the next page starts; null at the end. */
  readonly next: string | null;
  /** The fraction of predictions that were searched, 0 to 1. */
  readonly position: number;
}

export interface RunDetail {
  readonly run: Readonly<Record<string, unknown>>;
  readonly experiment: Readonly<Record<string, unknown>>;
}

/** The data of a self-contained file: responses by key. */
export interface Snapshot {
  readonly madeAt: number;
  readonly responses: Readonly<Record<string, unknown>>;
  /** A sentence about omitted data; empty if there is none. */
  readonly note: string;
}
