import { randomUUID } from "node:crypto";

const METRICS = jsonResponse(200, { ok: true });
const PATCHED = { patched: [] };
/** The server info of LangSmith: batches as JSON, of its default size. */
const LANGSMITH_INFO = jsonResponse(200, { batch_ingest_config: { use_multipart_endpoint: false, size_limit: 100 } });
const ACCEPTED = jsonResponse(202, {});

/** The HTTP response to a request, as the schema or the service of a peer defines it. */
export function responseTo(path: string): string | Buffer {
  const [, id = ""] = /\/sdk\/\w+\/([^/]+)\/$/.exec(path) ?? [];
  if (path.endsWith("/metrics/")) return METRICS;
  if (path.endsWith("/sdk/experiments/")) return jsonResponse(201, { experiment: { id: randomUUID() } });
  if (path.endsWith("/sdk/runs/")) return jsonResponse(201, { run: { id: randomUUID() } });
  if (path.includes("/sdk/experiments/")) return jsonResponse(200, { experiment_id: id, ...PATCHED });
  if (path.includes("/sdk/runs/")) return jsonResponse(200, { id, ...PATCHED });
  if (path.endsWith("/info")) return LANGSMITH_INFO;
  return ACCEPTED;
}

function jsonResponse(status: number, body: object): Buffer {
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${status} OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}`;
  return Buffer.from(`${head}\r\nConnection: keep-alive\r\n\r\n${text}`);
}
