import { onTestFinished } from "vitest";

/** If the test fails, adds a text to its message, such as a child's output or a server's requests. */
export function reportOnFailure(describe: () => string): void {
  onTestFinished(({ task }) => {
    const [error] = task.result?.state === "fail" ? (task.result.errors ?? []) : [];
    if (error !== undefined) error.message += `\n${describe()}`;
  });
}

const SHOWN_CHARACTERS = 2_000;

/** The end of a long text. */
export function lastOf(text: string): string {
  const end = text.trimEnd();
  return end.length <= SHOWN_CHARACTERS ? end : `[…]${end.slice(-SHOWN_CHARACTERS)}`;
}

/** The fields of a request that messages show. */
interface Request {
  readonly method: string;
  readonly path: string;
  readonly status?: number | undefined;
}

const SHOWN_REQUESTS = 10;

/** Describes the requests of a server: their number and the last few. */
export function receivedBy(url: string, requests: readonly Request[]): string {
  const last = requests.slice(-SHOWN_REQUESTS);
  const lines = last.map(
    ({ method, path, status }) => `  ${method} ${path}${status === undefined ? "" : ` → ${status}`}`,
  );
  const count = `${requests.length} requests${requests.length > last.length ? `, the last ${last.length} of them` : ""}`;
  return [`The server ${url} received ${count}${lines.length > 0 ? ":" : ""}`, ...lines].join("\n");
}
