import { createServer, type IncomingMessage } from "node:http";
import { onTestFinished } from "vitest";

const RUN_ID = "11111111-1111-4111-8111-111111111111";

/** A backend that only counts rows: a mock server would keep a million of them in memory. */
export interface CountingServer {
  readonly url: string;
  /** The number of rows received per step. */
  readonly metrics: Uint8Array;
  /** The number of predictions received per task. */
  readonly predictions: Uint8Array;
  /** While true, each request ends with a reset. */
  isDown: boolean;
}

export async function countingServer(metrics: number, predictions: number): Promise<CountingServer> {
  const counting = {
    url: "",
    metrics: new Uint8Array(metrics),
    predictions: new Uint8Array(predictions),
    isDown: false,
  };
  const count = (array: Uint8Array, at: number): void => {
    array[at] = (array[at] ?? 0) + 1;
  };
  const responseTo = (url: string, body: unknown): object => {
    if (url.endsWith("/experiments/")) return { experiment: { id: "22222222-2222-4222-8222-222222222222" } };
    if (url.endsWith("/runs/")) return { run: { id: RUN_ID } };
    if (url.endsWith("/metrics/")) {
      count(counting.metrics, Number(Object(body).step));
      return { ok: true };
    }
    const rows: unknown[] = Object(body).predictions;
    for (const row of rows) count(counting.predictions, Number(Object(row).task_id));
    return { ok: true, inserted: rows.length };
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    if (counting.isDown) {
      request.socket.resetAndDestroy();
      return;
    }
    const text = JSON.stringify(responseTo(request.url ?? "", JSON.parse(await textOf(request))));
    response.writeHead(201, { "content-type": "application/json" }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  counting.url = `http://127.0.0.1:${address.port}`;
  return counting;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}
