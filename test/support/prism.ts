import { spawn } from "node:child_process";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { cleanEnvironment } from "./children.js";
import { DOCUMENT_PATH } from "./document.js";
import { REPOSITORY } from "./folders.js";
import { listening } from "./servers.js";

/** Where the routes stand below a base URL. */
export const PREFIX = "/api/dashboard/api";

/** What Prism, a judge that nobody here wrote, said of a request and of its answer. */
export interface Judged {
  readonly path: string;
  readonly status: number;
  readonly violations: string | null;
  readonly answer: string;
}

export interface Prism {
  /** A base URL for a client. */
  readonly url: string;
  /** What was judged, in the order of the answers. */
  readonly judged: Judged[];
  readonly stop: () => Promise<void>;
}

/**
 * Starts Prism on a free port, with the document as the only thing it knows. It answers with the document's examples, or
 * passes on to a backend what it was asked; either way what violates the document is answered with an error.
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
  const judged: Judged[] = [];
  const gate = await startGate(url, judged);
  return {
    url: gate.url,
    judged,
    stop: async () => {
      child.kill();
      await gate.close();
    },
  };
}

/** Prism takes no notice of the server's base path: what stands before the routes is taken away on the way to it. */
function startGate(prism: string, judged: Judged[]) {
  const server = createServer(async (incoming, outgoing) => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece);
    const path = (incoming.url ?? "").replace(PREFIX, "");
    const { host: _, connection: __, "transfer-encoding": ___, "content-length": ____, ...headers } = incoming.headers;
    const init = { method: incoming.method ?? "", headers: plain(headers), body: Buffer.concat(pieces) };
    const response = await fetch(`${prism}${path}`, init);
    const answer = await response.text();
    judged.push({ path, status: response.status, violations: response.headers.get("sl-violations"), answer });
    outgoing.writeHead(response.status, { "content-type": response.headers.get("content-type") ?? "text/plain" });
    outgoing.end(answer);
  });
  return listening(server);
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
