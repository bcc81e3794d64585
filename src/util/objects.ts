/** Whether a value is an object, but neither null nor an array. */
export function isObject<Fields extends object = Readonly<Record<string, unknown>>>(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is neither null nor undefined; both mean that a field is absent. */
export function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}

/** Sets a field of an object, even `__proto__`, which an assignment would take for the prototype. */
export function setField(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
