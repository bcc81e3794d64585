import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";
import { receivedBy, reportOnFailure } from "./failures.js";

/** A request as received. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface RawServer {
  readonly url: string;
  readonly requests: readonly WireRequest[];
  /** The number of connections that were opened. */
  readonly connections: () => number;
}

/** Makes a server listen on a free port. Closing it ends its connections. */
export async function listening(server: Server) {
  let connections = 0;
  // The server forgets connections after a CONNECT, so they are recorded here.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket.on("close", () => sockets.delete(socket)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, connections: () => connections, close };
}

/** A server with a custom handler, stopped at the end of the test. */
export async function rawServer(respond: (request: WireRequest, response: ServerResponse) => void): Promise<RawServer> {
  const requests: WireRequest[] = [];
  const server = createServer({ keepAliveTimeout: 60_000 }, async (incoming, response) => {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of incoming) pieces.push(piece);
    } catch {
      return; // The client disconnected in the middle of its body.
    }
    const { method = "", url: path = "", headers } = incoming;
    const request = { method, path, headers, text: Buffer.concat(pieces).toString("utf8") };
    requests.push(request);
    respond(request, response);
  });
  const { url, connections, close } = await listening(server);
  onTestFinished(close);
  reportOnFailure(() => receivedBy(url, requests));
  return { url, requests, connections };
}

/** A handler with a fixed response: an object as JSON, a string as it is. */
export function always(status: number, body: string | object = "", headers: Readonly<Record<string, string>> = {}) {
  return (_: WireRequest, response: ServerResponse): void => {
    const isText = typeof body === "string";
    response.writeHead(status, isText ? headers : { "content-type": "application/json", ...headers });
    response.end(isText ? body : JSON.stringify(body));
  };
}

/** A port on which nothing listens. */
export async function deadServer(): Promise<{ readonly url: string }> {
  const server = await listening(createServer());
  await server.close();
  return { url: server.url };
}
