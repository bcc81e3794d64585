/**
 * server.ts {"latencyMs"?,"counts"?}: a backend in a process of its own, as fast as Node can be, so that it is not what is
 * measured. It tells its port; "up" and "down" make it listen or not, "count" asks how many different rows have come.
 */
import { createServer, type Socket } from "node:net";
import { answerTo } from "./answers.js";
import { optionsOf, tell } from "./program.js";
import { RequestReader } from "./request-reader.js";
import type { ServerOptions } from "./server-process.js";

const { latencyMs = 0, counts = false } = optionsOf<ServerOptions>();
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
      const answer = answerTo(path);
      if (latencyMs === 0) socket.write(answer);
      else setTimeout(() => socket.write(answer), latencyMs);
    }
  });
});

function listen(): void {
  server.listen(port, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") port = address.port;
    tell(port);
  });
}

process.on("message", (message) => {
  if (message === "count") tell(steps.size);
  if (message === "up") listen();
  if (message === "down") {
    server.close(() => tell("down"));
    for (const socket of sockets) socket.destroy();
  }
});
process.on("disconnect", () => process.exit());
listen();
