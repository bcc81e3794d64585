import type uPlot from "uplot";

/** Units of large numbers: the number from which a unit is used, and what it stands for. */
const UNITS = [
  { from: 1e9, size: 1e9, name: "B" },
  { from: 1e6, size: 1e6, name: "M" },
  { from: 1e4, size: 1e3, name: "k" },
];
const [SMALLEST_PLAIN, LARGEST_PLAIN] = [1e-3, 1e15];
const [LEAST_DIGITS, MOST_DIGITS] = [3, 17];
/** A number with more digits is easier to read without a unit: 1,700,000,002 instead of 1.700000002B. */
const MOST_DIGITS_OF_UNIT = 6;
/** The average width of a digit in the font of the axes. */
const DIGIT_PX = 7;

/** The labels of ticks, with as many digits as tell each from the next. */
export function tickTexts(ticks: readonly (number | null)[]): string[] {
  const digits = digitsFor(ticks.filter((tick) => tick !== null));
  return ticks.map((tick) => (tick === null ? "" : tickText(tick, digits)));
}

/** The width of a vertical axis that has these labels. */
export function widthOf(texts: readonly string[] | null, leastPx: number): number {
  return Math.max(leastPx, longest(texts ?? []) * DIGIT_PX + 16);
}

/** The distance between the ticks of a horizontal axis, so that labels of its range do not overlap. */
export const spaceOf: uPlot.Axis.Space = (_chart, _axis, from, to, lengthPx) => {
  const step = (to - from) / Math.max(1, lengthPx / 80);
  return Math.max(50, longest(tickTexts([from, from + step, to])) * DIGIT_PX + 12);
};

function digitsFor(ticks: readonly number[]): number {
  const sorted = [...new Set(ticks)].sort((a, b) => a - b);
  const gap = Math.min(...sorted.slice(1).map((tick, at) => tick - (sorted[at] ?? tick)));
  const isExact = (digits: number) =>
    ticks.every((tick) => Math.abs(Number(tick.toPrecision(digits)) - tick) < gap / 100);
  let digits = LEAST_DIGITS;
  while (digits < MOST_DIGITS && !isExact(digits)) digits += 1;
  return digits;
}

function tickText(value: number, digits: number): string {
  const size = Math.abs(value);
  if (size >= LARGEST_PLAIN || (size > 0 && size < SMALLEST_PLAIN)) {
    return value
      .toExponential(digits - 1)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  }
  const unit = digits > MOST_DIGITS_OF_UNIT ? undefined : UNITS.find(({ from }) => size >= from);
  const text = (value / (unit?.size ?? 1)).toLocaleString("en-US", { maximumSignificantDigits: digits });
  return `${text}${unit?.name ?? ""}`;
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}
