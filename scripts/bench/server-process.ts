import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { startProgram } from "./program.js";

export interface ServerOptions {
  /** The latency of each response, in milliseconds. Default 0. */
  readonly latencyMs?: number;
  /** Whether to count distinct steps, which costs the server time. Default false. */
  readonly counts?: boolean;
}

/** The backend of a measure, the same for the floor and the client. */
export interface Server extends Disposable {
  readonly url: string;
  /** The number of distinct steps received. */
  count(): Promise<number>;
  /** Starts or stops listening; the count is kept. */
  turn(to: "up" | "down"): Promise<void>;
}

export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const child = startProgram("server", options);
  const port = await toldBy(child);
  const ask = (message: string): Promise<unknown> => {
    child.send(message);
    return toldBy(child);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    count: async () => Number(await ask("count")),
    async turn(to) {
      await ask(to);
    },
    [Symbol.dispose]: () => child.kill(),
  };
}

async function toldBy(child: ChildProcess): Promise<unknown> {
  const [text] = await once(child, "message", { signal: AbortSignal.timeout(10_000) });
  return JSON.parse(String(text));
}
