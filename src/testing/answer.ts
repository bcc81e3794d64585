/** An answer, ready to be sent or kept. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

const JSON_HEADERS = { "content-type": "application/json" };

/** An answer in JSON. */
export function jsonAnswer(status: number, body: object, headers?: Readonly<Record<string, string>>): Answer {
  return { status, text: JSON.stringify(body), headers: headers ? { ...JSON_HEADERS, ...headers } : JSON_HEADERS };
}

/** A refusal that says why, in the backend's way. */
export function refusal(status: number, detail: string, headers?: Readonly<Record<string, string>>): Answer {
  return jsonAnswer(status, { detail }, headers);
}
