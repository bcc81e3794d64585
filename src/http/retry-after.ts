const SECONDS = /^\d+(\.\d+)?$/;
/** The three date formats of RFC 9110 begin with the name of a day; `Date.parse` accepts almost any text. */
const HTTP_DATE = /^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? /i;
const ASCTIME = /\d{4}$/;

/**
 * The wait that a Retry-After header asks for, in milliseconds: 0 for a date in the past, undefined if it is neither a
 * number of seconds nor an HTTP date.
 */
export function retryAfterMs(header: string | null): number | undefined {
  const text = header?.trim() ?? "";
  if (SECONDS.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER);
  if (!HTTP_DATE.test(text)) return undefined;
  const date = Date.parse(ASCTIME.test(text) ? `${text} GMT` : text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
