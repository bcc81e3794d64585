import { types } from "node:util";
import { isObject } from "./objects.js";

const MAX_CHARACTERS = 60;

/** A short, one-line preview of a value for an error message. */
export function preview(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" && typeof value !== "string") return String(value);
  if (types.isPromise(value)) return "a Promise (did you forget await?)";
  try {
    if (isObject(value) && !isPlainObject(value)) return withArticle(kindOf(value));
    const text = JSON.stringify(value);
    return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
  } catch {
    return "an object JSON cannot hold";
  }
}

/** Whether JSON keeps an object's content. It loses that of a Map, a Promise or an Error, for example. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || kindOf(value) === "Object";
}

/** A noun with "a" or "an". */
export function withArticle(noun: string): string {
  return /^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`;
}

/** The built-in kind of an object, such as Map; `Object` for a plain object and for most classes. */
function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
