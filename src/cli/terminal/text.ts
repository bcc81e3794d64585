import type { Scalar } from "../../util/scalar.js";

/** Control characters, and those that change the direction of a line or end it. */
const HARMFUL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** Escapes the control characters of a text, because names may come from untrusted files and backends. */
export function escapeControls(text: string): string {
  return text.replace(HARMFUL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** An error as one line without its stack. */
export function failureLine(error: unknown): string {
  return `evsys-sdk: ${escapeControls(error instanceof Error ? error.message : String(error))}\n`;
}

/** A number with thousands separators. */
export function number(value: number): string {
  return value.toLocaleString("en-US");
}

/** A number of things, such as `1 run` or `2 runs`. */
export function counted(count: number, thing: string, things = `${thing}s`): string {
  return `${number(count)} ${count === 1 ? thing : things}`;
}

/** An ISO 8601 time in a readable form. */
export function time(iso: string): string {
  return `${iso.slice(0, 19).replace("T", " ")} UTC`;
}

/** A size, such as `1.2 MB`. */
export function size(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

/** A value with the digits that one reads. */
export function shortNumber(value: Scalar): string {
  if (typeof value === "string") return value;
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return number(value);
  const magnitude = Math.abs(value);
  return magnitude >= 1e6 || magnitude < 1e-4 ? value.toExponential(3) : String(Number(value.toPrecision(5)));
}

/** A duration, such as `1 h 5 min` or `12.3 s`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(seconds < 1 ? 2 : 1))} s`;
  const minutes = Math.round(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  if (days > 0) return `${number(days)} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}
