/** How many numbers a block has. */
const STRIDE = 7;
const FIRST_BLOCKS = 4;

/** Consecutive values of one series, reduced. */
export interface Block {
  readonly stepMin: number;
  readonly stepMax: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  /** The number of finite values; 0 is a gap. */
  readonly count: number;
  /** The position of the row of its first value, in bytes. */
  readonly start: number;
}

/**
 * The values of one series in one file, in bounded memory: when there are more blocks than the limit, adjacent blocks are
 * merged in pairs. All numbers are in one array, because a run may have 100,000 series.
 */
export class Curve {
  readonly split: string;
  readonly name: string;
  /** The number of values, including non-finite ones. */
  values = 0;
  nonFinite = 0;
  lastStep = Number.NaN;
  lastValue = Number.NaN;
  #blocks = 0;
  #perBlock = 1;
  #inLast = 0;
  #numbers = new Float64Array(FIRST_BLOCKS * STRIDE);

  constructor(split: string, name: string) {
    this.split = split;
    this.name = name;
  }

  /** The number of blocks. */
  get length(): number {
    return this.#blocks;
  }

  /** Adds a value of the row that starts at `start`. */
  add(step: number, value: number, start: number, limit: number): void {
    this.values += 1;
    this.lastStep = step;
    this.lastValue = value;
    const isGap = !Number.isFinite(value);
    if (isGap) this.nonFinite += 1;
    if (this.#blocks === 0 || this.#inLast >= this.#perBlock) this.#open(step, start, limit);
    this.#inLast += 1;
    const numbers = this.#numbers;
    const at = (this.#blocks - 1) * STRIDE;
    if (step < (numbers[at] ?? 0)) numbers[at] = step;
    if (step > (numbers[at + 1] ?? 0)) numbers[at + 1] = step;
    if (isGap) return;
    if (value < (numbers[at + 2] ?? 0)) numbers[at + 2] = value;
    if (value > (numbers[at + 3] ?? 0)) numbers[at + 3] = value;
    numbers[at + 4] = (numbers[at + 4] ?? 0) + value;
    numbers[at + 5] = (numbers[at + 5] ?? 0) + 1;
  }

  block(index: number): Block {
    const at = index * STRIDE;
    const [stepMin = 0, stepMax = 0, min = 0, max = 0, sum = 0, count = 0, start = 0] = this.#numbers.subarray(
      at,
      at + STRIDE,
    );
    return { stepMin, stepMax, min, max, sum, count, start };
  }

  #open(step: number, start: number, limit: number): void {
    if (this.#blocks >= limit) this.#halve();
    const at = this.#blocks * STRIDE;
    if (at === this.#numbers.length) {
      const grown = new Float64Array(at * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers.set([step, step, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, start], at);
    this.#blocks += 1;
    this.#inLast = 0;
  }

  #halve(): void {
    const numbers = this.#numbers;
    const halved = Math.ceil(this.#blocks / 2);
    for (let to = 0; to < halved; to += 1) {
      const one = this.block(to * 2);
      const two = to * 2 + 1 < this.#blocks ? this.block(to * 2 + 1) : one;
      const isPair = two !== one;
      numbers.set(
        [
          Math.min(one.stepMin, two.stepMin),
          Math.max(one.stepMax, two.stepMax),
          Math.min(one.min, two.min),
          Math.max(one.max, two.max),
          isPair ? one.sum + two.sum : one.sum,
          isPair ? one.count + two.count : one.count,
          one.start,
        ],
        to * STRIDE,
      );
    }
    this.#blocks = halved;
    this.#perBlock *= 2;
  }
}
