import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { deliveryOf } from "../../src/cli/ui/delivery-state.js";
import { startViewer } from "../../src/viewer/server.js";

/** A viewer on a free port, stopped at the end of the test. */
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
    /** The body of a response. Fails unless it is a success. */
    async get<Body>(path: string, parameters: Readonly<Record<string, string | number>> = {}): Promise<Body> {
      const { status, body } = await request(path, parameters);
      if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
      return body as Body;
    },
  };
}

/** Writes the folder of a run. @returns a function that appends to its files. */
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
