const MAX_ID_BYTES = 200;

/** The rule for ids, for error messages. */
export const ID_RULE = `1 to ${MAX_ID_BYTES} bytes of text, neither "." nor "..", no slash, no control character`;

/** Whether an id is safe as a folder name in the mirror and as a segment of a URL path. */
export function isSafeId(id: unknown): id is string {
  // The Unicode test is 20 times slower, nearly every id is a UUID, and a mirror may have thousands.
  if (typeof id === "string" && /^[\w-]{1,200}$/.test(id)) return true;
  if (typeof id !== "string" || id === "" || Buffer.byteLength(id) > MAX_ID_BYTES) return false;
  // A lone surrogate is valid neither in a file name nor in a URL.
  return !/^\.{1,2}$|[/\\\p{Cc}\p{Cs}]/u.test(id);
}
