const LONGEST_ID = 200;

/** What an id has to be, in words. */
export const ID_RULE = `1 to ${LONGEST_ID} characters, neither "." nor "..", no slash, no control character`;

/** Whether an id can name a folder inside the mirror and a part of a path, and no other place. */
export function isSafeId(id: unknown): id is string {
  return typeof id === "string" && id.length > 0 && id.length <= LONGEST_ID && !/^\.{1,2}$|[/\\\p{Cc}]/u.test(id);
}
