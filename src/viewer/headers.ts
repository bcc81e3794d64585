import { createHash } from "node:crypto";

const COMMON = "default-src 'none'; base-uri 'none'; form-action 'none'";

/** What a page of the server may do: its own script, style and requests, and nothing else. */
const PAGE_POLICY = `${COMMON}; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-ancestors 'none'; require-trusted-types-for 'script'`;

/** What a self-contained file may do: run the script and the style that it was made with, by their hashes. */
export function filePolicy(script: string, style: string): string {
  return `${COMMON}; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; img-src data:; require-trusted-types-for 'script'`;
}

/** The headers of every response. */
export const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": PAGE_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
