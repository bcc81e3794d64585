import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** What is done with a connection on which a whole request has arrived. */
export type Script = (socket: Socket) => void;

/** A port that plays any bytes as answers, or passes all on to a real server. A change ends all connections. */
export interface Front {
  readonly url: string;
  /** How many requests were answered by scripts. */
  readonly played: () => number;
  play(script: Script): void;
  forwardTo(port: number): void;
}

/** A front on a free port, closed when the test is over. */
export async function startFront(): Promise<Front> {
  const sockets = new Set<Socket>();
  let played = 0;
  let onConnection: (socket: Socket) => void = (socket) => socket.destroy();
  const server = createServer((socket) => {
    sockets.add(socket.on("close", () => sockets.delete(socket)));
    // A caller that goes away is none of our business.
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The front has no port.");
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
    played: () => played,
    play(script) {
      change((socket) =>
        onEachRequest(socket, () => {
          played += 1;
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

/** Calls back for each request that has arrived whole. */
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
