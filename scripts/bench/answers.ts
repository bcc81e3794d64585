import { randomUUID } from "node:crypto";

const METRICS = whole(200, { ok: true });
const PATCHED = { patched: [] };
/** What a LangSmith server says of itself: batches as JSON, of its default size. */
const LANGSMITH_INFO = whole(200, { batch_ingest_config: { use_multipart_endpoint: false, size_limit: 100 } });
const TAKEN = whole(202, {});

/** The whole answer to a request, as the document or a peer's own service promises it. */
export function answerTo(path: string): string | Buffer {
  const [, id = ""] = /\/sdk\/\w+\/([^/]+)\/$/.exec(path) ?? [];
  if (path.endsWith("/metrics/")) return METRICS;
  if (path.endsWith("/sdk/experiments/")) return whole(201, { experiment: { id: randomUUID() } });
  if (path.endsWith("/sdk/runs/")) return whole(201, { run: { id: randomUUID() } });
  if (path.includes("/sdk/experiments/")) return whole(200, { experiment_id: id, ...PATCHED });
  if (path.includes("/sdk/runs/")) return whole(200, { id, ...PATCHED });
  if (path.endsWith("/info")) return LANGSMITH_INFO;
  return TAKEN;
}

function whole(status: number, body: object): Buffer {
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${status} OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}`;
  return Buffer.from(`${head}\r\nConnection: keep-alive\r\n\r\n${text}`);
}
