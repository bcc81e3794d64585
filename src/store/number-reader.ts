const [MINUS, PLUS, DOT, ZERO, LOWER_E] = [0x2d, 0x2b, 0x2e, 0x30, 0x65];
const POWERS = Float64Array.from({ length: 309 }, (_, power) => Number(`1e${power}`));

/**
 * Reads the JSON number that starts at a position; `readNumber.end` is its end. A number of more than 15 digits may differ
 * from the exact one in its last digit. @returns NaN if there is no number.
 */
export function readNumber(bytes: Uint8Array, start: number): number {
  let at = start;
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at += 1;
  const first = at;
  let value = 0;
  for (let digit = (bytes[at] ?? 0) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[at] ?? 0) - ZERO) {
    value = value * 10 + digit;
    at += 1;
  }
  readNumber.end = start;
  if (at === first) return Number.NaN;
  let power = 0;
  if (bytes[at] === DOT) {
    at += 1;
    const fraction = at;
    for (let digit = (bytes[at] ?? 0) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[at] ?? 0) - ZERO) {
      value = value * 10 + digit;
      at += 1;
    }
    power = fraction - at;
  }
  if (((bytes[at] ?? 0) | 0x20) === LOWER_E) {
    at += 1;
    const isSmall = bytes[at] === MINUS;
    if (isSmall || bytes[at] === PLUS) at += 1;
    let exponent = 0;
    for (let digit = (bytes[at] ?? 0) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[at] ?? 0) - ZERO) {
      exponent = exponent * 10 + digit;
      at += 1;
    }
    power += isSmall ? -exponent : exponent;
  }
  readNumber.end = at;
  const scaled = power === 0 ? value : scale(value, power);
  return isNegative ? -scaled : scaled;
}

/** Reads a JSON number exactly; several times slower than `readNumber`. */
export function readExactNumber(bytes: Buffer, start: number): number {
  const value = readNumber(bytes, start);
  return Number.isNaN(value) ? value : Number(bytes.toString("latin1", start, readNumber.end));
}

/** The end of the last number: a second result without allocating an object. */
readNumber.end = 0;

function scale(value: number, power: number): number {
  if (power > 0) return power < 309 ? value * (POWERS[power] ?? 1) : value === 0 ? 0 : Number.POSITIVE_INFINITY;
  if (power > -309) return value / (POWERS[-power] ?? 1);
  return power > -650 ? value / 1e308 / (POWERS[-power - 308] ?? 1) : 0;
}
