/** A response of the mock server, ready to be sent or stored. */
export interface MockResponse {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

const JSON_HEADERS = { "content-type": "application/json" };

/** A JSON response. */
export function jsonResponse(status: number, body: object, headers?: Readonly<Record<string, string>>): MockResponse {
  return { status, text: JSON.stringify(body), headers: headers ? { ...JSON_HEADERS, ...headers } : JSON_HEADERS };
}

/** An error response, in the backend's format. */
export function errorResponse(
  status: number,
  detail: string,
  headers?: Readonly<Record<string, string>>,
): MockResponse {
  return jsonResponse(status, { detail }, headers);
}
