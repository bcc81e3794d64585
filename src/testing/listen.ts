import type { Server as HttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { codeOf } from "../util/thrown.js";

/** A server that listens. */
export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Destroys all connections. Resolves when the port is free; calling it again is harmless. */
  close(): Promise<void>;
}

/**
 * Listens; `localhost` is 127.0.0.1 and, where the machine has it, ::1 on the same port.
 * Rejects with the system's error where the port is taken.
 */
export async function listen(server: HttpServer, port: number, host: string): Promise<Listener> {
  const isLocalhost = host === "localhost";
  const address = await bound(server, port, isLocalhost ? "127.0.0.1" : host);
  let twin: Server | undefined;
  try {
    if (isLocalhost) twin = await twinOf(server, address.port);
  } catch (error) {
    await ended(server);
    // A port that is free on the one address may be taken on the other; where any will do, there are more.
    if (port === 0 && codeOf(error) === "EADDRINUSE") return listen(server, port, host);
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    url: `http://${isLocalhost ? host : hostOf(address.address)}:${address.port}`,
    port: address.port,
    close() {
      closed ??= Promise.all([server, twin].map(ended)).then(() => {});
      server.closeAllConnections();
      return closed;
    },
  };
}

/** A second door to a server, on ::1. Undefined where the machine has no such address. */
async function twinOf(server: HttpServer, port: number): Promise<Server | undefined> {
  // The options are those that an HTTP server gives its own sockets.
  const options = { allowHalfOpen: true, noDelay: true };
  const twin = createServer(options, (socket: Socket) => server.emit("connection", socket));
  try {
    await bound(twin, port, "::1");
    return twin;
  } catch (error) {
    if (["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}

function bound(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("The server has no port."));
      else resolve(address);
    });
  });
}

function ended(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) resolve();
    else server.close(() => resolve());
  });
}

/** The address as it stands in a URL. One that means "all" cannot be called, so the loopback stands for it. */
function hostOf(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  if (address === "::") return "[::1]";
  return address.includes(":") ? `[${address}]` : address;
}
