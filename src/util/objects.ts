/** Whether a value is an object with fields: neither null nor a list. */
export function isObject<Fields extends object = Readonly<Record<string, unknown>>>(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value counts as given: null and undefined stand for a field that is not there. */
export function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}

/** Sets a field of an object, also one that is named `__proto__`: an assignment would take it for the prototype. */
export function setField(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
