import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Handles a connection on which a complete request has arrived. */
export type Script = (socket: Socket) => void;

/** A port that sends scripted bytes as responses, or forwards to a real server. Switching closes all connections. */
export interface ScriptedServer {
  readonly url: string;
  /** The number of requests that scripts have handled. */
  readonly responses: () => number;
  run(script: Script): void;
  forwardTo(port: number): void;
}

/** Starts it on a free port; closed at the end of the test. */
export async function scriptedServer(): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  let responses = 0;
  let onConnection: (socket: Socket) => void = (socket) => socket.destroy();
  const server = createServer((socket) => {
    sockets.add(socket.on("close", () => sockets.delete(socket)));
    // Clients may disconnect at any time.
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The port has no port.");
  const change = (to: (socket: Socket) => void): void => {
    onConnection = to;
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(async () => {
    change((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return {
    url: `http://127.0.0.1:${address.port}`,
    responses: () => responses,
    run(script) {
      change((socket) =>
        onEachRequest(socket, () => {
          responses += 1;
          script(socket);
        }),
      );
    },
    forwardTo(port) {
      change((socket) => {
        const target = connect(port, "127.0.0.1");
        target.on("error", () => socket.destroy()).on("close", () => socket.destroy());
        socket.on("close", () => target.destroy());
        socket.pipe(target).pipe(socket);
      });
    },
  };
}

/** Calls back for each complete request. */
function onEachRequest(socket: Socket, callback: () => void): void {
  let text = "";
  socket.setEncoding("latin1").on("data", (piece: string) => {
    text += piece;
    for (;;) {
      const head = text.indexOf("\r\n\r\n");
      if (head === -1) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
      const end = head + 4 + length;
      if (text.length < end) return;
      text = text.slice(end);
      callback();
    }
  });
}
