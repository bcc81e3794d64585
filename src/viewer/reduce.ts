import type { CurvePart } from "./api-types.js";
import type { Block, Curve } from "./curve.js";

/** The range of steps to draw, and the width in pixels. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly width: number;
}

/** The blocks of a curve within a window. `isWanted` filters blocks by their position in the file. */
export function blocksWithin(curve: Curve, { from, to }: Window, isWanted: (start: number) => boolean): Block[] {
  const blocks: Block[] = [];
  for (let index = 0; index < curve.length; index += 1) {
    const block = curve.block(index);
    if (block.stepMax >= from && block.stepMin <= to && isWanted(block.start)) blocks.push(block);
  }
  return blocks;
}

/** Reduces blocks to at most one point per pixel, with the minimum, maximum and mean. */
export function reduced(split: string, blocks: readonly Block[], window: Window): CurvePart {
  const points = blocks.length > 2 * window.width ? perPixel(blocks, window) : [...blocks];
  points.sort((a, b) => a.stepMin - b.stepMin);
  const finite = (value: number, { count }: Block): number | null => (count === 0 ? null : value);
  return {
    split,
    steps: points.map(({ stepMin, stepMax }) => (stepMin === stepMax ? stepMin : (stepMin + stepMax) / 2)),
    mean: points.map((point) => finite(point.sum / point.count, point)),
    min: points.map((point) => finite(point.min, point)),
    max: points.map((point) => finite(point.max, point)),
    isExact: points.every(({ count }) => count <= 1),
  };
}

function perPixel(blocks: readonly Block[], { width }: Window): Block[] {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const block of blocks) {
    from = Math.min(from, block.stepMin);
    to = Math.max(to, block.stepMax);
  }
  const perStep = to > from ? (width - 1) / (to - from) : 0;
  const pixels = new Map<number, Block>();
  for (const block of blocks) {
    const pixel = Math.floor(((block.stepMin + block.stepMax) / 2 - from) * perStep);
    const known = pixels.get(pixel);
    pixels.set(pixel, known === undefined ? block : merged(known, block));
  }
  return [...pixels.values()];
}

function merged(one: Block, two: Block): Block {
  return {
    stepMin: Math.min(one.stepMin, two.stepMin),
    stepMax: Math.max(one.stepMax, two.stepMax),
    min: Math.min(one.min, two.min),
    max: Math.max(one.max, two.max),
    sum: one.sum + two.sum,
    count: one.count + two.count,
    start: Math.min(one.start, two.start),
  };
}
