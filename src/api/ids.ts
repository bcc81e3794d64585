const LONGEST_ID_BYTES = 200;

/** What an id has to be, in words. */
export const ID_RULE = `1 to ${LONGEST_ID_BYTES} bytes of text, neither "." nor "..", no slash, no control character`;

/** Whether an id can name a folder inside the mirror and a part of a path, and no other place. */
export function isSafeId(id: unknown): id is string {
  // Nearly every id is a UUID; the test for all of Unicode takes 20 times as long, and a mirror may have thousands.
  if (typeof id === "string" && /^[\w-]{1,200}$/.test(id)) return true;
  if (typeof id !== "string" || id === "" || Buffer.byteLength(id) > LONGEST_ID_BYTES) return false;
  // A lone surrogate can stand neither in a file's name nor in a URL.
  return !/^\.{1,2}$|[/\\\p{Cc}\p{Cs}]/u.test(id);
}
