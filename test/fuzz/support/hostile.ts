/** A value that no schema foresees, made anew for each case: some of them change when they are looked at. */
export interface Hostile {
  readonly name: string;
  readonly make: () => unknown;
  /** Whether JSON keeps it; undefined where nobody can say. */
  readonly isKept: boolean | undefined;
}

class Settings {
  readonly rate = 0.1;
  readonly #hidden = 1;
  get hidden(): number {
    return this.#hidden;
  }
}

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = wrap(value);
  return value;
}

function circle(): unknown {
  const object: Record<string, unknown> = { near: 1 };
  object.list = [{ back: object }];
  return object;
}

function thrower(error: unknown): () => never {
  return () => {
    throw error;
  };
}

/** A getter that says something else each time. */
function shifting(): unknown {
  const answers = ["text", 1n, () => {}, Number.NaN, undefined];
  let reads = 0;
  return Object.defineProperty({}, "moving", {
    enumerable: true,
    get: () => answers[reads++ % answers.length],
  });
}

function throwingProxy(trap: keyof ProxyHandler<object>): unknown {
  return new Proxy({ a: 1 }, { [trap]: thrower(new TypeError(`${trap} is trapped`)) });
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** What JSON has a form for, strange as it may be. */
const KEPT: Readonly<Record<string, () => unknown>> = {
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
  "names of ours": () => ({ id: 1, _created_at: 2, key: 3, NaN: Number.NaN, "": 0 }),
  "field named toJSON": () => ({ toJSON: 1, score: Number.NaN }),
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

/** What JSON cannot hold, or would drop, empty or garble without a word; and what cannot be read. */
const UNKEPT: Readonly<Record<string, () => unknown>> = {
  bigint: () => 10n,
  "boxed number": () => Object(7),
  "boxed NaN": () => Object(Number.NaN),
  "boxed text": () => Object("text"),
  symbol: () => Symbol("s"),
  function: () => () => 1,
  class: () => Settings,
  "list of a function": () => [() => 1],
  "object of a symbol": () => ({ kept: 1, lost: Symbol("s") }),
  map: () => new Map([["a", 1]]),
  set: () => new Set([1]),
  "weak map": () => new WeakMap(),
  regexp: () => /a/g,
  error: () => new Error("e", { cause: 1 }),
  promise: () => Promise.resolve(1),
  generator: () => [1, 2].values(),
  float32: () => new Float32Array([1, Number.NaN]),
  "array buffer": () => new ArrayBuffer(4),
  parameters: () => new URLSearchParams("a=1"),
  "map in a list": () => [[new Map([["a", 1]])]],
  "field named __proto__": () => JSON.parse('{"__proto__":{"polluted":1},"a":1}'),
  "field named __proto__ of a number": () => JSON.parse('{"__proto__":1}'),
  "deep field named __proto__": () => JSON.parse('{"a":[{"__proto__":{"loss":1}}]}'),
  "toJSON of a bigint": () => ({ toJSON: () => 1n }),
  "toJSON of a map": () => ({ toJSON: () => new Map() }),
  "toJSON of itself": () => {
    const self = { toJSON: (): unknown => self };
    return self;
  },
  "toJSON that throws": () => ({ toJSON: thrower(new RangeError("not today")) }),
  "getter that throws": () => Object.defineProperty({ a: 1 }, "b", { enumerable: true, get: thrower(new Error("no")) }),
  "getter that throws nothing": () => Object.defineProperty({}, "b", { enumerable: true, get: thrower(undefined) }),
  "getter that throws a symbol": () => Object.defineProperty({}, "b", { enumerable: true, get: thrower(Symbol("s")) }),
  "getter that throws what cannot be told": () =>
    Object.defineProperty({}, "b", { enumerable: true, get: thrower(revoked({})) }),
  "proxy without keys": () => throwingProxy("ownKeys"),
  "proxy without values": () => throwingProxy("get"),
  "proxy without descriptors": () => throwingProxy("getOwnPropertyDescriptor"),
  "proxy without a prototype": () => throwingProxy("getPrototypeOf"),
  "proxy that asks": () => throwingProxy("has"),
  "revoked object": () => revoked({}),
  "revoked list": () => revoked([]),
  circle,
  "circle of lists": () => {
    const list: unknown[] = [1];
    list.push(list);
    return list;
  },
  "10,000 deep": () => nested(10_000, (inner) => ({ a: inner })),
  "100,000 deep list": () => nested(100_000, (inner) => [inner]),
};

/** The name of what may be either, by the time that it is looked at. */
export const SHIFTING = "getter that shifts";

function named(values: Readonly<Record<string, () => unknown>>, isKept: boolean | undefined): Hostile[] {
  return Object.entries(values).map(([name, make]) => ({ name, make, isKept }));
}

export const HOSTILE: readonly Hostile[] = [
  ...named(KEPT, true),
  ...named(UNKEPT, false),
  { name: SHIFTING, make: shifting, isKept: undefined },
];
