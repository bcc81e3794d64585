class Settings {
  readonly rate = 0.1;
  readonly #hidden = 1;
  get hidden(): number {
    return this.#hidden;
  }
}

/** A value nested to a depth. */
export function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = wrap(value);
  return value;
}

/** Values that JSON can represent, however unusual. */
export const REPRESENTABLE: Readonly<Record<string, () => unknown>> = {
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  "-Infinity": () => Number.NEGATIVE_INFINITY,
  "-0": () => -0,
  tiny: () => Number.MIN_VALUE,
  huge: () => Number.MAX_VALUE,
  "2 ** 53": () => 2 ** 53,
  "2 ** 53 - 1": () => 2 ** 53 - 1,
  "-(2 ** 53)": () => -(2 ** 53),
  half: () => 0.5,
  "empty text": () => "",
  "text NaN": () => "NaN",
  "text -Infinity": () => "-Infinity",
  "lone surrogate": () => "a\ud800b",
  "other surrogate": () => "\udc00",
  "zero byte": () => "a\0b",
  "line ends": () => "a\n\r\u2028\u2029b",
  "byte order mark": () => "\ufeff",
  "long text": () => '\\"é\n'.repeat(20_000),
  null: () => null,
  undefined: () => undefined,
  "list of undefined": () => [undefined, 1],
  "list with a hole": () => Object.assign(new Array(3), [1]),
  "object of nothing": () => ({ a: undefined, b: null }),
  buffer: () => Buffer.from("ab"),
  date: () => new Date(0),
  "invalid date": () => new Date(Number.NaN),
  url: () => new URL("http://host/"),
  instance: () => new Settings(),
  "without a prototype": () => Object.assign(Object.create(null), { a: 1 }),
  inheriting: () => Object.create({ inherited: 1 }),
  frozen: () => Object.freeze({ a: Object.freeze([1]) }),
  "field named then": () => JSON.parse('{"then":1}'),
  "list with a name": () => Object.assign([1], { name: "x" }),
  "list with toJSON": () => Object.assign([1], { toJSON: () => ({ a: 1 }) }),
  constructor: () => ({ constructor: { prototype: { polluted: 1 } }, hasOwnProperty: 1, toString: 2, valueOf: 3 }),
  "names of ours, one of NaN": () => ({ id: 1, _created_at: 2, key: 3, NaN: Number.NaN, "": 0 }),
  "field named toJSON beside NaN": () => ({ toJSON: 1, score: Number.NaN }),
  "toJSON of text": () => ({ toJSON: () => "text" }),
  "toJSON of an object": () => ({ toJSON: () => ({ a: 1 }) }),
  "toJSON of NaN": () => ({ toJSON: () => Number.NaN }),
  "toJSON of nothing": () => ({ toJSON: () => undefined }),
  proxy: () => new Proxy({ a: 1, list: new Proxy([1], {}) }, {}),
  "the same twice": () => {
    const one = { a: 1 };
    return { one, other: one, list: [one, one] };
  },
  "100 deep": () => nested(100, (inner) => ({ a: inner })),
  "NaN 100 deep": () => ({ a: nested(100, (inner) => [inner, Number.NaN]) }),
  wide: () => Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`k${at}`, at])),
};
