import { createHash } from "node:crypto";

const COMMON = "default-src 'none'; base-uri 'none'; form-action 'none'";

/** The Content-Security-Policy of the served page: only its own script, style and requests. */
const PAGE_POLICY = `${COMMON}; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-ancestors 'none'; require-trusted-types-for 'script'`;

/** The Content-Security-Policy of a self-contained file: only its own script and style, by hash. */
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
