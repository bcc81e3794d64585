import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { startProgram } from "./program.js";

export interface ServerOptions {
  /** How long each answer takes, in milliseconds. Default 0. */
  readonly latencyMs?: number;
  /** Whether to count the different steps that come. It costs the server time. Default false. */
  readonly counts?: boolean;
}

/** The backend of a measure: floor and client meet the same one. */
export interface Server extends Disposable {
  readonly url: string;
  /** How many different steps have come. */
  count(): Promise<number>;
  /** Whether it takes connections; what it has counted stays. */
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
