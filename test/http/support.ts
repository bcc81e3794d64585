import { createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { type DashboardClientOptions, resolveConfig } from "../../src/config.js";
import { type BackendApi, createBackendApi } from "../../src/http/backend.js";
import { Deadline } from "../../src/http/deadline.js";
import type { Outcome } from "../../src/http/outcome.js";
import { API_KEY, PROJECT_ID } from "../support/clients.js";

/** The requests to a server, closed when the test is over. */
export function backendApi(
  server: { readonly url: string },
  options: DashboardClientOptions = {},
  environment: Readonly<Record<string, string>> = {},
): BackendApi {
  const connection = { baseUrl: server.url, apiKey: API_KEY, projectId: PROJECT_ID };
  const backend = createBackendApi(resolveConfig({ ...connection, ...options }, environment));
  onTestFinished(() => backend.close());
  return backend;
}

/** One attempt at logging a step. */
export function attempt(backend: BackendApi, deadline = deadlineOf(10_000), body = '{"step":1}'): Promise<Outcome> {
  return backend.send("logStepMetric", { run_id: "r" }, body, "key-1", deadline);
}

/** A deadline that ends with the test. */
export function deadlineOf(timeoutMs: number, isAwaited = true): Deadline {
  const deadline = new Deadline(timeoutMs, isAwaited, "the deadline has passed");
  onTestFinished(() => deadline.clear());
  return deadline;
}

/** A TCP server. `respond` receives the text of each request and its number on its connection. */
export async function byteServer(respond: (socket: Socket, request: string, number: number) => void) {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let [text, number] = ["", 0];
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.on("data", (piece) => {
      text += piece.toString("latin1");
      const end = text.indexOf("\r\n\r\n") + 4;
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
      if (end < 4 || text.length < end + length) return;
      const request = text;
      text = "";
      number += 1;
      respond(socket, request, number);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${address.port}`, sockets, connections: () => connections };
}

/** The bytes of a response. */
export function onTheWire(body: string | object, status = "200 OK"): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const type = typeof body === "string" ? "text/html" : "application/json";
  return `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
