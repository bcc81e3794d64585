import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode, wireJson } from "../../src/api/lossless-json.js";

const RUNS = { numRuns: 2000 };
const NON_FINITE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const SPELLINGS = ["NaN", "Infinity", "-Infinity", '"NaN"', "\\NaN", '\\"Infinity\\"', "NaN,Infinity", ": NaN", "null"];

const number = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  },
  { weight: 2, arbitrary: fc.constantFrom(...NON_FINITE) },
  { weight: 1, arbitrary: fc.integer() },
);
/** Integers that a number would round. */
const longInteger = fc
  .oneof(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.bigInt({ min: 2n ** 53n, max: 2n ** 54n }))
  .filter((value) => String(Number(value)) !== String(value));
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(...SPELLINGS),
  fc
    .array(
      fc.constantFrom(...SPELLINGS, '"', "\\", ":", " ", "\n", "{", "}", "u004e", "\u0000", "18446744073709551615"),
      { maxLength: 5 },
    )
    .map((parts) => parts.join("")),
);

/** Anything JSON can hold, and the numbers it cannot. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false),
    number,
    longInteger,
    text,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(text, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

/** Python's json.dumps: the bare words, a space after colons and commas. It cannot tell the text "NaN" apart. */
function python(item: unknown): string {
  if (typeof item === "bigint") return String(item);
  if (typeof item === "number") return Number.isFinite(item) ? JSON.stringify(item) : String(item);
  if (Array.isArray(item)) return `[${item.map(python).join(", ")}]`;
  if (typeof item !== "object" || item === null) return JSON.stringify(item);
  return `{${Object.entries(item)
    .map(([key, each]) => `${JSON.stringify(key)}: ${python(each)}`)
    .join(", ")}}`;
}

describe("encode and decode", () => {
  it("round-trip any value, including NaN, the infinities, and text or keys with those spellings", () => {
    const property = fc.property(value, (item) => {
      expect(isDeepStrictEqual(decode(encode(item)), item), encode(item)).toBe(true);
    });
    fc.assert(property, RUNS);
  });

  it("round-trip a value with any indent", () => {
    const property = fc.property(value, fc.constantFrom(2, 4), (item, indent) => {
      expect(isDeepStrictEqual(decode(encode(item, indent)), item)).toBe(true);
    });
    fc.assert(property, RUNS);
  });

  it.each([
    ["\u0000evsys:NaN"],
    { "\u0000evsys:NaN": 1 },
    { a: "\u0000evsys:Infinity", b: Number.NaN },
    ["\u0000NaN", "\u0000", "evsys:NaN"],
  ])("round-trip text that looks like their own markers: %j", (item) => {
    expect(isDeepStrictEqual(decode(encode(item)), item)).toBe(true);
  });

  it("write one line that any JSON reader can parse", () => {
    const property = fc.property(value, (item) => {
      const written = encode(item);
      expect(() => JSON.parse(written)).not.toThrow();
      expect(written).not.toContain("\n");
    });
    fc.assert(property, RUNS);
  });

  it("write plain JSON if all numbers are finite and no text is spelled like a number", () => {
    const property = fc.property(fc.jsonValue({ noUnicodeString: false }), (item) => {
      fc.pre(!/NaN|Infinity/.test(JSON.stringify(item)));
      expect(encode(item)).toBe(JSON.stringify(item));
      expect(encode(item, 2)).toBe(JSON.stringify(item, null, 2));
    });
    fc.assert(property, RUNS);
  });

  it("read JSON written by Python", () => {
    const ambiguous = (item: unknown): boolean => /"-?(NaN|Infinity)"(?!:)/.test(wireJson(item));
    const property = fc.property(value, (item) => {
      fc.pre(!ambiguous(item));
      expect(isDeepStrictEqual(decode(python(item)), item), python(item)).toBe(true);
    });
    fc.assert(property, RUNS);
  });
});

it("encode and decode handle 12 MB of text beside a non-finite number", () => {
  const item = {
    text: 'a line of 80 characters or so, which says "null" and much more\n'.repeat(200_000),
    loss: Number.NaN,
  };
  expect(isDeepStrictEqual(decode(encode(item)), item)).toBe(true);
});

describe("an integer with more digits than a double can hold", () => {
  const written =
    '{"seed":17293822569102704641,"ids":[-9223372036854775808,1152921504606846976],"lr":0.1234567890123456789}';

  it("keeps its digits when read and written; a float is read as a number", () => {
    expect(decode(written)).toEqual({
      seed: 17293822569102704641n,
      ids: [-9223372036854775808n, 1152921504606846976n],
      lr: 0.12345678901234568,
    });
    const again = written.replace("0.1234567890123456789", "0.12345678901234568");
    for (const write of [encode, wireJson]) expect(write(decode(written))).toBe(again);
  });

  it("is read as a number if the number is written the same way", () => {
    const numbers = [1e20, 2 ** 53, Number.MAX_SAFE_INTEGER, -1e16, 17293822569102705000];
    expect(decode(JSON.stringify(numbers))).toEqual(numbers);
  });

  it("stays text inside strings and keys", () => {
    expect(decode('{"18446744073709551615":"18446744073709551615, [18446744073709551615]"}')).toEqual({
      "18446744073709551615": "18446744073709551615, [18446744073709551615]",
    });
    expect(() => decode("{18446744073709551615: 1}")).toThrow(SyntaxError);
    expect(() => decode("[018446744073709551615]")).toThrow(SyntaxError);
  });

  it("stays an integer if the program defines BigInt.prototype.toJSON", () => {
    Object.defineProperty(BigInt.prototype, "toJSON", { value: () => "mine", configurable: true });
    try {
      for (const write of [encode, wireJson]) expect(write([2n ** 64n])).toBe("[18446744073709551616]");
    } finally {
      Reflect.deleteProperty(BigInt.prototype, "toJSON");
    }
  });

  it("does not keep a circular value beside it from being rejected", () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const write of [encode, wireJson]) expect(() => write(circle)).toThrow(/circular/);
  });
});

describe("wireJson", () => {
  it("writes what JSON.stringify writes if there is no bigint", () => {
    const property = fc.property(fc.jsonValue({ noUnicodeString: false }), (item) => {
      expect(wireJson([item, Number.NaN])).toBe(JSON.stringify([item, Number.NaN]));
    });
    fc.assert(property, RUNS);
  });
});

describe("encode", () => {
  it("writes non-finite numbers as the strings NaN, Infinity and -Infinity", () => {
    expect(encode({ a: Number.NaN, b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], c: null })).toBe(
      '{"a":"NaN","b":["Infinity","-Infinity"],"c":null}',
    );
  });

  it("escapes text with those spellings so that it is read back as text", () => {
    for (const spelling of ["NaN", "Infinity", "-Infinity"]) {
      expect(encode(spelling)).not.toBe(`"${spelling}"`);
      expect(JSON.parse(encode({ [spelling]: [spelling] }))).toEqual({ [spelling]: [spelling] });
      expect(decode(encode(spelling))).toBe(spelling);
    }
  });

  it("uses the JSON form of dates and other objects with toJSON", () => {
    const date = new Date(0);
    expect(encode({ date, nan: Number.NaN })).toBe('{"date":"1970-01-01T00:00:00.000Z","nan":"NaN"}');
  });
});

describe("decode", () => {
  it.each([
    "",
    "{",
    '{"a":NaN',
    "[NaN",
    "nan",
    "+Infinity",
    "NaNN",
    "--Infinity",
    "- Infinity",
    "{NaN: 1}",
    "Infinity1",
  ])("rejects %j, which Python does not write either", (written) => {
    expect(() => decode(written)).toThrow(SyntaxError);
  });

  it("does not convert these words inside strings", () => {
    const written = '{"say \\"NaN\\": NaN": "a NaN, [Infinity] and \\\\", "x": NaN}';
    expect(decode(written)).toEqual({ 'say "NaN": NaN': "a NaN, [Infinity] and \\", x: Number.NaN });
  });
});
