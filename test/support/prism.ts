import { spawn } from "node:child_process";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { cleanEnvironment } from "./children.js";
import { DOCUMENT_PATH } from "./document.js";
import { REPOSITORY } from "./folders.js";
import { listening } from "./servers.js";

/** The path prefix of the routes. */
export const PREFIX = "/api/dashboard/api";

/** A request, its response, and the violations that Prism found. */
export interface ValidatedRequest {
  readonly path: string;
  readonly status: number;
  readonly violations: string | null;
  readonly responseText: string;
}

export interface Prism {
  /** The base URL for a client. */
  readonly url: string;
  /** In the order of the responses. */
  readonly validated: ValidatedRequest[];
  readonly stop: () => Promise<void>;
}

/**
 * Starts Prism on a free port with our schema, as an independent validator. It responds with the schema's examples or
 * forwards to a backend; it responds to violations with an error.
 */
export async function startPrism(upstream?: string): Promise<Prism> {
  const command = upstream === undefined ? ["mock", DOCUMENT_PATH] : ["proxy", DOCUMENT_PATH, `${upstream}${PREFIX}`];
  const args = [...command, "--errors", "--host", "127.0.0.1", "--port", "0"];
  const child = spawn(join(REPOSITORY, "node_modules", ".bin", "prism"), args, { env: cleanEnvironment() });
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    const listen = (text: Buffer) => {
      said += text.toString();
      const address = /Prism is listening on (http:\/\/[\d.:]+)/.exec(said)?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`Prism ended with ${code}: ${said}`)));
  });
  const validated: ValidatedRequest[] = [];
  const proxy = await startProxy(url, validated);
  return {
    url: proxy.url,
    validated: validated,
    stop: async () => {
      child.kill();
      await proxy.close();
    },
  };
}

/** Prism ignores the server's base path, so the proxy removes the path prefix. */
function startProxy(prism: string, validated: ValidatedRequest[]) {
  const server = createServer(async (incoming, outgoing) => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece);
    const path = (incoming.url ?? "").replace(PREFIX, "");
    const { host: _, connection: __, "transfer-encoding": ___, "content-length": ____, ...headers } = incoming.headers;
    const init = { method: incoming.method ?? "", headers: plain(headers), body: Buffer.concat(pieces) };
    const response = await fetch(`${prism}${path}`, init);
    const responseText = await response.text();
    validated.push({
      path,
      status: response.status,
      violations: response.headers.get("sl-violations"),
      responseText: responseText,
    });
    outgoing.writeHead(response.status, { "content-type": response.headers.get("content-type") ?? "text/plain" });
    outgoing.end(responseText);
  });
  return listening(server);
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
