import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { segmentName } from "../store/paths.js";
import { slotsOf } from "../store/rows.js";
import type { CurveData, CurvePart, SeriesInfo, SeriesList } from "./api-types.js";
import type { Block } from "./curve.js";
import { blocksWithin, reduced, type Window } from "./reduce.js";
import { SegmentIndex } from "./segment-index.js";

/** Maximum time that a request waits for rows to be read. */
const MAX_WAIT_MS = 120;
/** Parts of a file up to this size are read again in detail. */
const MAX_DETAIL_BYTES = 32 * 1024 * 1024;

/** The curves of a run. A large run has an overview immediately; the rest is read in the background. */
export class RunIndex {
  readonly #folder: string;
  readonly #segments = new Map<number, SegmentIndex>();
  #reading: Promise<void> | undefined;
  #isClosed = false;

  /** `folder`: the folder of the run. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Changes when there is more to draw. */
  get version(): string {
    return [...this.#segments.values()].map(({ position, size }) => `${position}.${size}`).join("-");
  }

  /** Checks for new rows and reads for a limited time. */
  async refresh(): Promise<void> {
    const slots = slotsOf(this.#folder, "metrics");
    for (const slot of this.#segments.keys()) if (!slots.includes(slot)) this.#segments.delete(slot);
    for (const slot of slots) {
      let segment = this.#segments.get(slot);
      if (segment === undefined) {
        segment = new SegmentIndex(join(this.#folder, segmentName("metrics", slot)));
        this.#segments.set(slot, segment);
      }
      segment.refresh();
    }
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    // The next refresh reads the same files and reports the failure.
    this.#reading.catch(() => {});
    await Promise.race([this.#reading, timePasses()]);
  }

  /** Reads all existing rows. */
  async readAll(): Promise<void> {
    await this.refresh();
    await this.#reading;
  }

  /** Stops reading in the background. */
  close(): void {
    this.#isClosed = true;
  }

  /** The series whose names contain a text, in order of appearance. */
  series(query: string, most: number): SeriesList {
    const found = new Map<string, { splits: string[]; values: number; nonFinite: number }>();
    const text = query.toLowerCase();
    let skippedLines = 0;
    for (const { read, sampled } of this.#segments.values()) {
      skippedLines += read.skippedLines;
      for (const curve of [...read.curves.values(), ...sampled.curves.values()]) {
        if (!curve.name.toLowerCase().includes(text)) continue;
        const info = found.get(curve.name) ?? { splits: [], values: 0, nonFinite: 0 };
        if (!info.splits.includes(curve.split)) info.splits.push(curve.split);
        if (read.curves.get(`${curve.split}\n${curve.name}`) === curve) {
          info.values += curve.values;
          info.nonFinite += curve.nonFinite;
        }
        found.set(curve.name, info);
      }
    }
    const series = [...found].slice(0, most).map(([name, info]): SeriesInfo => ({ name, ...info }));
    return { series, total: found.size, skippedLines };
  }

  /** The curves of a series, one per split. */
  curves(name: string, window: Window): CurveData {
    const splits = new Set<string>();
    for (const { read, sampled } of this.#segments.values()) {
      for (const set of [read, sampled]) {
        for (const curve of set.curves.values()) if (curve.name === name) splits.add(curve.split);
      }
    }
    const parts = [...splits].map((split): CurvePart => {
      const blocks = [...this.#segments.values()].flatMap((segment) => blocksOf(segment, split, name, window));
      return reduced(split, blocks, window);
    });
    return { parts, read: this.#share(), version: this.version };
  }

  #share(): number {
    let [position, size] = [0, 0];
    for (const segment of this.#segments.values()) {
      position += segment.position;
      size += segment.size;
    }
    return size === 0 ? 1 : position / size;
  }

  async #read(): Promise<void> {
    for (const segment of this.#segments.values()) {
      while (!this.#isClosed && segment.isBehind && segment.readOn()) await nextTurn();
    }
  }
}

function blocksOf(segment: SegmentIndex, split: string, name: string, window: Window): Block[] {
  const key = `${split}\n${name}`;
  const { read, sampled, position } = segment;
  const curve = read.curves.get(key);
  const blocks = curve === undefined ? [] : blocksWithin(curve, window, () => true);
  const isCoarse = blocks.length < window.width && blocks.some(({ count }) => count > 1);
  if (isCoarse && curve !== undefined) {
    const start = Math.min(...blocks.map((block) => block.start));
    const end = endOf(segment, key, Math.max(...blocks.map((block) => block.start)));
    if (end - start <= MAX_DETAIL_BYTES) {
      const detailed = segment.detail(start, end).curves.get(key);
      if (detailed !== undefined) return blocksWithin(detailed, window, () => true);
    }
  }
  const unread = sampled.curves.get(key);
  if (unread !== undefined) blocks.push(...blocksWithin(unread, window, (start) => start >= position));
  return blocks;
}

/** The end of a block's rows: the start of the next block of its curve. */
function endOf({ read, position }: SegmentIndex, key: string, start: number): number {
  const curve = read.curves.get(key);
  for (let index = 0; curve !== undefined && index < curve.length; index += 1) {
    const next = curve.block(index).start;
    if (next > start) return next;
  }
  return position;
}

function timePasses(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, MAX_WAIT_MS).unref();
  });
}
