/** Other objects with the same fields. */
export const BODY_VARIANTS: Readonly<Record<string, (body: object) => unknown>> = {
  plain: (body) => body,
  proxy: (body) => new Proxy(body, {}),
  frozen: (body) => Object.freeze(body),
  "without a prototype": (body) => Object.create(null, Object.getOwnPropertyDescriptors(body)),
  instance: (body) => Object.defineProperties(new (class Body {})(), Object.getOwnPropertyDescriptors(body)),
  getters: (body) =>
    Object.create(
      Object.prototype,
      Object.fromEntries(Object.entries(body).map(([name, value]) => [name, { enumerable: true, get: () => value }])),
    ),
  inherited: (body) => Object.create(body),
  "with a symbol": (body) => Object.assign(body, { [Symbol("s")]: 1 }),
};
