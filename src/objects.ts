/** Whether a value is an object with fields: neither null nor a list. */
export function isObject<Fields extends object = Readonly<Record<string, unknown>>>(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
