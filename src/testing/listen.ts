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
 * Starts listening. `localhost` means 127.0.0.1 and, if the machine supports it, ::1 on the same port.
 * Rejects with the system's error, such as EADDRINUSE.
 */
export async function listen(server: HttpServer, port: number, host: string): Promise<Listener> {
  const isLocalhost = host === "localhost";
  const address = await bound(server, port, isLocalhost ? "127.0.0.1" : host);
  let twin: Server | undefined;
  try {
    if (isLocalhost) twin = await twinOf(server, address.port);
  } catch (error) {
    await ended(server);
    // A port that is free on one address may be in use on the other: try another one, if any port will do.
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

/** A second listening socket of a server, on ::1. Undefined if the machine has no such address. */
async function twinOf(server: HttpServer, port: number): Promise<Server | undefined> {
  // The options that an HTTP server uses for its own sockets.
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

/** The host part of the URL. For an address that means "all interfaces", it is the loopback address. */
function hostOf(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  if (address === "::") return "[::1]";
  return address.includes(":") ? `[${address}]` : address;
}
