/**
 * server.ts {"latencyMs"?,"counts"?}: a backend in its own process, as fast as possible, so that it is not the bottleneck. It
 * sends its port; "up" and "down" start and stop listening, "count" requests the number of distinct rows received.
 */
import { createServer, type Socket } from "node:net";
import { programOptions, sendResult } from "./program.js";
import { RequestReader } from "./request-reader.js";
import { responseTo } from "./responses.js";
import type { ServerOptions } from "./server-process.js";

const { latencyMs = 0, counts = false } = programOptions<ServerOptions>();
const steps = new Set<string>();
const sockets = new Set<Socket>();
let port = 0;

const server = createServer({ noDelay: true }, (socket) => {
  const reader = new RequestReader();
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    for (const { path, body } of reader.take(bytes)) {
      if (counts) for (const [step] of body.toString("latin1").matchAll(/"step":\d+/g)) steps.add(step);
      const response = responseTo(path);
      if (latencyMs === 0) socket.write(response);
      else setTimeout(() => socket.write(response), latencyMs);
    }
  });
});

function listen(): void {
  server.listen(port, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") port = address.port;
    sendResult(port);
  });
}

process.on("message", (message) => {
  if (message === "count") sendResult(steps.size);
  if (message === "up") listen();
  if (message === "down") {
    server.close(() => sendResult("down"));
    for (const socket of sockets) socket.destroy();
  }
});
process.on("disconnect", () => process.exit());
listen();
