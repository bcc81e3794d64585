import { onTestFinished } from "vitest";

/** If the test fails, adds a text to its message, such as a child's output or a server's requests. */
export function reportOnFailure(describe: () => string): void {
  onTestFinished(({ task }) => {
    const [error] = task.result?.state === "fail" ? (task.result.errors ?? []) : [];
    if (error !== undefined) error.message += `\n${describe()}`;
  });
}

const SHOWN_CHARACTERS = 2_000;
const SHOWN_LINES = 12;

/** The end of a long text. */
export function lastOf(text: string): string {
  const whole = text.trimEnd();
  const end = whole.split("\n").slice(-SHOWN_LINES).join("\n").slice(-SHOWN_CHARACTERS);
  return end.length === whole.length ? whole : `[…]${end}`;
}

/** The fields of a request that messages show. */
interface Request {
  readonly method: string;
  readonly path: string;
  readonly status?: number | undefined;
  readonly idempotencyKey?: string | undefined;
}

const SHOWN_REQUESTS = 10;

/** Describes the requests of a server: their number and the last few. */
export function receivedBy(url: string, requests: readonly Request[]): string {
  const last = requests.slice(-SHOWN_REQUESTS);
  const lines = last.map(({ method, path, status, idempotencyKey }) => {
    const response = status === undefined ? "" : ` → ${status}`;
    const key = idempotencyKey === undefined ? "" : `, key ${idempotencyKey}`;
    return `  ${method} ${path}${response}${key}`;
  });
  const count = `${requests.length} requests${requests.length > last.length ? `, the last ${last.length} of them` : ""}`;
  return [`The server ${url} received ${count}${lines.length > 0 ? ":" : ""}`, ...lines].join("\n");
}
