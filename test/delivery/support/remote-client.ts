import type { DashboardClient, DashboardClientOptions } from "../../../src/index.js";
import { type Program, startProgram } from "./program.js";

/** A call that the process makes. */
export interface Request {
  readonly number: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** The result of a call. Number 0 says that the process is ready. */
export interface Reply {
  readonly number: number;
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

type Method = {
  [Name in keyof DashboardClient]: DashboardClient[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof DashboardClient] &
  string;

/** A client in its own process. */
export interface RemoteClient extends Program<Reply> {
  /** Calls a method there; settles as the call does, or rejects if the process exits before. */
  call<Name extends Method>(
    method: Name,
    ...args: Parameters<DashboardClient[Name]>
  ): Promise<Awaited<ReturnType<DashboardClient[Name]>>>;
  /** Closes its stdin: the process exits once nothing keeps it alive. */
  letGo(): void;
}

export async function remoteClient(
  options: Omit<DashboardClientOptions, "fetch" | "logger" | "onDeliveryError">,
  program: Parameters<typeof startProgram>[2] = {},
): Promise<RemoteClient> {
  const child = startProgram<Reply>("remote-client.ts", options, program);
  const waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  let heard = 0;
  child.process.stdout.on("data", () => {
    const stdout = child.stdout();
    const end = stdout.lastIndexOf("\n") + 1;
    for (const line of stdout.slice(heard, end).split("\n").filter(Boolean)) {
      const reply: Reply = JSON.parse(line);
      waiting.get(reply.number)?.resolve(reply);
      waiting.delete(reply.number);
    }
    heard = Math.max(heard, end);
  });
  child.process.stdin.on("error", () => {});
  void child.ended.then(({ stderr }) => {
    for (const { reject } of waiting.values()) reject(new Error(`The process of the client has ended. ${stderr}`));
  });
  const replyTo = (number: number): Promise<Reply> =>
    new Promise((resolve, reject) => waiting.set(number, { resolve, reject }));

  let calls = 0;
  async function ask(method: Method, args: readonly unknown[]): Promise<unknown> {
    calls += 1;
    const request: Request = { number: calls, method, args };
    const reply = replyTo(request.number);
    child.process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, error } = await reply;
    if (error !== undefined) throw Object.assign(new Error(error.message), error);
    return value;
  }
  await replyTo(0);
  return {
    ...child,
    // The other process called the same method of the same class.
    call: (method, ...args) => ask(method, args) as Promise<never>,
    letGo: () => child.process.stdin.end(),
  };
}
