import type { ServerResponse } from "node:http";
import { type OperationName, ROUTES } from "../../src/api/routes.js";
import type { MockServer, MockServerOptions } from "../../src/testing/index.js";
import { mockServer } from "./clients.js";
import { type RawServer, rawServer, type WireRequest } from "./servers.js";

/** A response as sent. */
export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A request with its operation and body. */
export interface KnownRequest extends WireRequest {
  readonly operation: OperationName;
  readonly body: Readonly<Record<string, unknown>>;
}

/** No response: a hang, a reset, or a response that is cut off. */
export type NoResponse = "hang" | "reset" | "cut";

/** The changes to requests and responses. Undefined changes nothing. */
export interface Alterations {
  /** Changes the request, or responds instead of the mock server. */
  readonly request?: (request: KnownRequest) => Partial<WireRequest> | WireResponse | NoResponse | undefined;
  /** Changes the mock server's response. */
  readonly alterResponse?: (
    response: WireResponse,
    request: KnownRequest,
  ) => Partial<WireResponse> | NoResponse | undefined;
}

/** A backend with one fault: the mock server behind a proxy that alters requests or responses. */
export async function alteredBackend(
  { request: alterRequest, alterResponse: alter }: Alterations,
  options: MockServerOptions = {},
): Promise<RawServer & { readonly mock: MockServer }> {
  const mock = await mockServer(options);
  const server = await rawServer(async (wire, response) => {
    const request = { ...wire, operation: operationOf(wire.path), body: JSON.parse(wire.text) };
    const altered = alterRequest?.(request);
    if (typeof altered === "string") return withoutResponse(response, altered);
    if (altered !== undefined && "status" in altered) return respond(response, altered);
    const original = await forward(mock, { ...wire, ...altered });
    const other = alter?.(original, request);
    if (typeof other === "string") return withoutResponse(response, other);
    respond(response, { ...original, ...other });
  });
  return { ...server, mock };
}

/** A JSON response. */
export function json(body: unknown, status = 200): WireResponse {
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

async function forward({ url }: MockServer, { method, path, headers, text }: WireRequest): Promise<WireResponse> {
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

function respond(response: ServerResponse, { status, headers, text }: WireResponse): void {
  response.writeHead(status, headers);
  response.end(text);
}

function withoutResponse(response: ServerResponse, how: NoResponse): void {
  if (how === "reset") response.socket?.resetAndDestroy();
  if (how === "cut") response.writeHead(200, { "content-type": "application/json" }).write('{"ok":');
}
