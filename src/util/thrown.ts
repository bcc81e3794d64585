import { types } from "node:util";

/**
 * Whether a thrown value is an error. Errors of Node's own modules are not `instanceof Error` in another realm, such as
 * Jest's vm context.
 */
export function isError(thrown: unknown): thrown is Error {
  return types.isNativeError(thrown) || thrown instanceof Error;
}

/** The code of a system error, such as `ENOENT`; undefined for other thrown values. */
export function codeOf(thrown: unknown): string | undefined {
  if (!isError(thrown) || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}

/** The message of an error, or the thrown value as text. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return isError(thrown) ? String(thrown.message) : String(thrown);
  } catch {
    return "a value that cannot be converted to text was thrown";
  }
}

/** Converts a thrown value to an error. */
export function toError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(messageOf(thrown));
}
