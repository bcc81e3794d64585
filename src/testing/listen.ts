import type { Server } from "node:http";

/** A server that listens. */
export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Destroys all connections. Resolves when the port is free; calling it again is harmless. */
  close(): Promise<void>;
}

/** Listens. Rejects with the system's error where the port is taken. */
export async function listen(server: Server, port: number, host: string): Promise<Listener> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  let closed: Promise<void> | undefined;
  return {
    url: `http://${hostOf(address.address)}:${address.port}`,
    port: address.port,
    close() {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

/** The address as it stands in a URL. One that means "all" cannot be called, so the loopback stands for it. */
function hostOf(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  if (address === "::") return "[::1]";
  return address.includes(":") ? `[${address}]` : address;
}
