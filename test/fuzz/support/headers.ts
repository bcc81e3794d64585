/** Header lines that are valid in any response. */
export const HEADERS: readonly (readonly [string, string])[] = [
  ["Content-Type", "text/html; charset=utf-16"],
  ["Content-Type", "application/json"],
  ["Content-Encoding", "gzip"],
  ["Connection", "close"],
  ["Connection", "keep-alive"],
  ["Keep-Alive", "timeout=0"],
  ["Keep-Alive", "timeout=soon, max=-1"],
  ["Retry-After", "0"],
  ["Retry-After", "1e999"],
  ["Retry-After", "-5"],
  ["Retry-After", "9".repeat(400)],
  ["Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT"],
  ["Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"],
  ["Location", "../../etc"],
  ["Location", "http://127.0.0.1:9/login?next=%00"],
  ["Location", ""],
  ["__proto__", "polluted"],
  ["constructor", "x"],
  ["hasOwnProperty", "x"],
  ["toString", "x"],
  ["Set-Cookie", "a=b"],
  ["X-Bytes", "\xff\xfe\x80"],
  ["X-Long", "a".repeat(4_000)],
  ["Date", "never"],
];

/** Header lines that make a response invalid HTTP. */
export const BROKEN_HEADERS: readonly (readonly [string, string])[] = [
  ["Bad Name", "x"],
  ["X-Zero", "a\0b"],
  ["X-Bell", "a\x07b"],
  ["X-Huge", "a".repeat(20_000)],
  ["Content-Length", "-1"],
  ["Content-Length", "5, 6"],
  ["Content-Length", "9".repeat(30)],
];
