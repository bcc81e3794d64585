import { onTestFinished } from "vitest";

/** If the test fails, adds a text to the message of its failure: what a child process has printed, what a server has received. */
export function tellOnFailure(tell: () => string): void {
  onTestFinished(({ task }) => {
    const [error] = task.result?.state === "fail" ? (task.result.errors ?? []) : [];
    if (error !== undefined) error.message += `\n${tell()}`;
  });
}

const SHOWN_CHARACTERS = 2_000;

/** The last part of a long text, as messages show it. */
export function lastOf(text: string): string {
  const end = text.trimEnd();
  return end.length <= SHOWN_CHARACTERS ? end : `[…]${end.slice(-SHOWN_CHARACTERS)}`;
}

/** A request, as far as a message shows it. */
interface Request {
  readonly method: string;
  readonly path: string;
  readonly status?: number | undefined;
}

const SHOWN_REQUESTS = 10;

/** What a server has received, for a message: the number of requests and the last few. */
export function receivedBy(url: string, requests: readonly Request[]): string {
  const last = requests.slice(-SHOWN_REQUESTS);
  const lines = last.map(
    ({ method, path, status }) => `  ${method} ${path}${status === undefined ? "" : ` → ${status}`}`,
  );
  const count = `${requests.length} requests${requests.length > last.length ? `, the last ${last.length} of them` : ""}`;
  return [`The server ${url} received ${count}${lines.length > 0 ? ":" : ""}`, ...lines].join("\n");
}
