import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SCRIPT, STYLE } from "../../generated/viewer-assets.js";
import { codeOf, messageOf } from "../util/thrown.js";
import { HEADERS } from "./headers.js";
import { servedPage } from "./page.js";
import { type DeliveryOf, NotFound, ViewerRoutes } from "./routes.js";

const HOST = "127.0.0.1";
const LAST_PORT = 65_535;
/** How many ports are tried after the requested one. */
const MORE_PORTS = 50;

/** A running viewer. */
export interface ViewerServer {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

interface ViewerResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * Serves the viewer of mirrors on this machine only. If the port is in use, the next free one is used.
 * @throws the system's error if it cannot listen.
 */
export async function startViewer(
  roots: readonly string[],
  port: number,
  deliveryOf: DeliveryOf,
): Promise<ViewerServer> {
  const routes = new ViewerRoutes(roots, deliveryOf);
  const server = createServer((request, response) => {
    void respond(routes, request).then((made) => send(request, response, made));
  });
  const listening = await listen(server, port);
  return {
    url: `http://${HOST}:${listening}/`,
    port: listening,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  for (let tried = port; ; tried += 1) {
    try {
      server.listen(tried, HOST);
      await once(server, "listening");
      const address: AddressInfo | string | null = server.address();
      return typeof address === "object" && address !== null ? address.port : tried;
    } catch (error) {
      if (codeOf(error) !== "EADDRINUSE" || tried >= Math.min(port + MORE_PORTS, LAST_PORT)) throw error;
    }
  }
}

async function respond(routes: ViewerRoutes, request: IncomingMessage): Promise<ViewerResponse> {
  if (request.method !== "GET" && request.method !== "HEAD")
    return errorResponse(405, "The viewer accepts only GET requests.");
  if (!isOwnHost(request)) return errorResponse(403, "The viewer accepts only requests for localhost and 127.0.0.1.");
  if (/^cross-site|^same-site/.test(String(request.headers["sec-fetch-site"] ?? "")) && !isNavigation(request)) {
    return errorResponse(403, "The viewer does not accept requests from other sites.");
  }
  const { pathname, searchParams } = new URL(request.url ?? "/", `http://${HOST}`);
  if (pathname === "/") return { status: 200, type: "text/html", body: servedPage() };
  if (pathname === "/viewer.js") return { status: 200, type: "text/javascript", body: SCRIPT };
  if (pathname === "/viewer.css") return { status: 200, type: "text/css", body: STYLE };
  if (!pathname.startsWith("/api/")) return errorResponse(404, "There is no such page.");
  try {
    const body = JSON.stringify(await routes.respond(pathname.slice("/api/".length), searchParams));
    return { status: 200, type: "application/json", body };
  } catch (error) {
    return errorResponse(error instanceof NotFound ? 404 : 500, messageOf(error));
  }
}

/** Protects against DNS rebinding: another site's name may resolve to this machine. */
function isOwnHost({ headers, socket }: IncomingMessage): boolean {
  return [`127.0.0.1:${socket.localPort}`, `localhost:${socket.localPort}`].includes(headers.host ?? "");
}

/** Links from other sites to the viewer's page are allowed, because the other site cannot read it. */
function isNavigation({ headers }: IncomingMessage): boolean {
  return headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
}

function errorResponse(status: number, error: string): ViewerResponse {
  return { status, type: "application/json", body: JSON.stringify({ error }) };
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: ViewerResponse): void {
  const length = { "content-type": `${type}; charset=utf-8`, "content-length": Buffer.byteLength(body) };
  response.writeHead(status, { ...HEADERS, ...length, ...(status === 405 ? { allow: "GET, HEAD" } : {}) });
  response.end(request.method === "HEAD" ? undefined : body);
}
