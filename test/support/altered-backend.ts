import type { ServerResponse } from "node:http";
import { type OperationName, ROUTES } from "../../src/api/routes.js";
import type { MockServer, MockServerOptions } from "../../src/testing/index.js";
import { mockServer } from "./clients.js";
import { type RawServer, rawServer, type WireRequest } from "./servers.js";

/** An answer as it goes out. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A request with what is known of it. */
export interface KnownRequest extends WireRequest {
  readonly operation: OperationName;
  /** The body, parsed. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** No answer at all: silence, a reset, or one that is cut in the middle. */
export type NoAnswer = "hang" | "reset" | "cut";

/** What is done to what passes. Undefined leaves it as it is. */
export interface Alterations {
  /** Another request for the mock server to see; an answer, or none, in its place. */
  readonly request?: (request: KnownRequest) => Partial<WireRequest> | WireAnswer | NoAnswer | undefined;
  /** Another answer than the mock server's. */
  readonly answer?: (answer: WireAnswer, request: KnownRequest) => Partial<WireAnswer> | NoAnswer | undefined;
}

/** A backend that is wrong in one way: the mock server behind a proxy that alters what passes. */
export async function alteredBackend(
  { request: alterRequest, answer: alterAnswer }: Alterations,
  options: MockServerOptions = {},
): Promise<RawServer & { readonly mock: MockServer }> {
  const mock = await mockServer(options);
  const server = await rawServer(async (wire, response) => {
    const request = { ...wire, operation: operationOf(wire.path), body: JSON.parse(wire.text) };
    const altered = alterRequest?.(request);
    if (typeof altered === "string") return unanswered(response, altered);
    if (altered !== undefined && "status" in altered) return answered(response, altered);
    const answer = await passedOn(mock, { ...wire, ...altered });
    const other = alterAnswer?.(answer, request);
    if (typeof other === "string") return unanswered(response, other);
    answered(response, { ...answer, ...other });
  });
  return { ...server, mock };
}

/** An answer in JSON. */
export function json(body: unknown, status = 200): WireAnswer {
  return { status, headers: { "content-type": "application/json" }, text: JSON.stringify(body) };
}

const PATTERNS = Object.entries(ROUTES).map(([operation, { path }]) => ({
  operation: operation as OperationName,
  pattern: new RegExp(`/dashboard/api${path.replace(/\{\w+\}/, "[^/]+")}$`),
}));

function operationOf(path: string): OperationName {
  const found = PATTERNS.find(({ pattern }) => pattern.test(path));
  if (found === undefined) throw new Error(`No route ${path}`);
  return found.operation;
}

async function passedOn({ url }: MockServer, { method, path, headers, text }: WireRequest): Promise<WireAnswer> {
  const { host: _, connection: __, "content-length": ___, "transfer-encoding": ____, ...rest } = headers;
  const plain = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)]));
  const response = await fetch(`${url}${path}`, { method, headers: plain, body: text });
  const type = response.headers.get("content-type");
  return {
    status: response.status,
    headers: type === null ? {} : { "content-type": type },
    text: await response.text(),
  };
}

function answered(response: ServerResponse, { status, headers, text }: WireAnswer): void {
  response.writeHead(status, headers);
  response.end(text);
}

function unanswered(response: ServerResponse, how: NoAnswer): void {
  if (how === "reset") response.socket?.resetAndDestroy();
  if (how === "cut") response.writeHead(200, { "content-type": "application/json" }).write('{"ok":');
}
