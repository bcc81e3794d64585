import { VERSION } from "../util/version.js";

const USER_AGENT = `evsys-sdk/${VERSION} node/${process.versions.node}`;

/** The headers of a request with a JSON body or none. Names are in lower case. */
export function requestHeaders(
  apiKey: string | undefined,
  hasBody: boolean,
  idempotencyKey: string,
): Record<string, string> {
  const headers: Record<string, string> = { "user-agent": USER_AGENT };
  // Compression does not pay for small responses. Gateways that compress anyway are handled.
  headers["accept-encoding"] = "identity";
  if (apiKey !== undefined) headers.authorization = `Bearer ${apiKey}`;
  if (hasBody) headers["content-type"] = "application/json";
  headers["idempotency-key"] = idempotencyKey;
  return headers;
}
