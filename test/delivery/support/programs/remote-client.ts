/**
 * remote-client.ts OPTIONS: runs a client that makes the calls it reads from stdin, one per line, and prints each
 * result. When stdin ends, only the client itself keeps the process alive.
 */

import { createInterface } from "node:readline";
import { DashboardClient, EvsysError } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";
import type { Reply, Request } from "../remote-client.js";

const client = new DashboardClient({ apiKey: "k", projectId: "p", ...JSON.parse(process.argv[2] ?? "{}") });

function reply(line: Reply): void {
  printLine(JSON.stringify(line));
}

async function serve({ number, method, args }: Request): Promise<void> {
  try {
    const call: unknown = Reflect.get(client, method);
    if (typeof call !== "function") throw new TypeError(`There is no method ${method}.`);
    reply({ number, value: await Reflect.apply(call, client, args) });
  } catch (error) {
    if (!(error instanceof EvsysError)) throw error;
    reply({ number, error: { ...error, name: error.name, message: error.message } });
  }
}

createInterface(process.stdin).on("line", (line) => void serve(JSON.parse(line)));
reply({ number: 0 });
