import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { deliveryOf } from "../../src/cli/ui/delivery-state.js";
import { startViewer } from "../../src/viewer/server.js";

/** A viewer of mirrors on a free port, stopped when the test is over. */
export async function viewerOf(...roots: readonly string[]) {
  const server = await startViewer(roots, 0, deliveryOf);
  onTestFinished(() => server.stop());
  const request = async (path: string, parameters: Readonly<Record<string, string | number>> = {}) => {
    const query = new URLSearchParams(
      Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const response = await fetch(`${server.url}api/${path}?${query}`);
    const body: unknown = await response.json();
    return { status: response.status, body };
  };
  return {
    ...server,
    request,
    /** The body of a response, which has to be a success. */
    async get<Body>(path: string, parameters: Readonly<Record<string, string | number>> = {}): Promise<Body> {
      const { status, body } = await request(path, parameters);
      if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
      return body as Body;
    },
  };
}

/** Writes the folder of a run as any client may have left it. @returns what appends to its files. */
export function writeRun(root: string, id: string, document: object = {}) {
  const folder = join(root, "generations", id);
  mkdirSync(folder, { recursive: true });
  const fields = { id, _created_at: 1_700_000_000, _updated_at: 1_700_000_100, status: "completed", ...document };
  writeFileSync(join(folder, "generation.json"), JSON.stringify(fields));
  return (file: string, text: string) => appendFileSync(join(folder, file), text);
}

/** A line of metrics.jsonl. */
export function metricsLine(step: number, metrics: Readonly<Record<string, unknown>>, split = "train"): string {
  return `${JSON.stringify({ step, split, metrics })}\n`;
}
