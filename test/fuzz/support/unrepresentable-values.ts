import { nested } from "./representable-values.js";

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

function throwingProxy(trap: keyof ProxyHandler<object>): unknown {
  return new Proxy({ a: 1 }, { [trap]: thrower(new TypeError(`${trap} is trapped`)) });
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Values that JSON cannot represent, or would drop or change silently, or that cannot be read. */
export const UNREPRESENTABLE: Readonly<Record<string, () => unknown>> = {
  bigint: () => 10n,
  "boxed number": () => Object(7),
  "boxed NaN": () => Object(Number.NaN),
  "boxed text": () => Object("text"),
  symbol: () => Symbol("s"),
  function: () => () => 1,
  class: () => URL,
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
