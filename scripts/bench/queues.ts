import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { API_KEY } from "./api-key.js";
import { inputAt, rowAt } from "./steps.js";

/** A client that accepts rows and delivers them in the background. */
export interface Queue {
  /** Accepts the row of a step. */
  log(step: number): void | Promise<void>;
  /** Resolves when everything is delivered. */
  flush(): Promise<unknown>;
}

/** The URL that a queue delivers to, and a folder for its files. */
export interface QueueOptions {
  readonly url: string;
  readonly logDir: string;
}

const WITHOUT_PLACE = "the queue is in memory: rows are lost if the process dies";

/** The queues by name, each with its guarantee. Each is used as in its documentation, without network beyond `url`. */
export const QUEUES = {
  "evsys-sdk": {
    promise:
      "a row is in the file before its call resolves; one request per row; a sync sends what a dead process left",
    open: ours,
  },
  langsmith: { promise: `batches of 100 rows; ${WITHOUT_PLACE}`, open: langsmith },
  "@segment/analytics-node": { promise: `batches of 15 rows; ${WITHOUT_PLACE}`, open: segment },
} as const satisfies Readonly<Record<string, { promise: string; open: (options: QueueOptions) => Promise<Queue> }>>;

export type QueueName = keyof typeof QUEUES;
export const QUEUE_NAMES: readonly QueueName[] = ["evsys-sdk", "langsmith", "@segment/analytics-node"];

async function ours({ url, logDir }: QueueOptions): Promise<Queue> {
  const { DashboardClient } = await import("../../src/index.js");
  const client = new DashboardClient({
    baseUrl: url,
    apiKey: API_KEY,
    projectId: "bench",
    logDir,
    delivery: "background",
    logLevel: "CRITICAL",
  });
  const experiment = await client.createExperiment({ experiment_name: "bench" });
  const { id } = await client.createRun({ experiment_id: experiment.id });
  return {
    async log(step) {
      await client.logStepMetric(id, inputAt(step));
    },
    flush: () => client.flush({ timeoutMs: 60_000 }),
  };
}

async function langsmith({ url }: QueueOptions): Promise<Queue> {
  const { Client } = await import("langsmith");
  const client = new Client({ apiUrl: url, apiKey: API_KEY });
  return {
    async log(step) {
      const id = randomUUID();
      const now = new Date();
      const order = `${now.toISOString().replace(/[-:.Z]/g, "")}000Z${id}`;
      await client.createRun({
        id,
        trace_id: id,
        dotted_order: order,
        project_name: "bench",
        name: "row",
        run_type: "tool",
        inputs: { ...rowAt(step) },
        start_time: now.getTime(),
        end_time: now.getTime(),
      });
    },
    flush: () => client.awaitPendingTraceBatches(),
  };
}

async function segment({ url }: QueueOptions): Promise<Queue> {
  const { Analytics } = await import("@segment/analytics-node");
  // Its retries all listen to one signal, of which Node would warn.
  setMaxListeners(0);
  const analytics = new Analytics({ writeKey: API_KEY, host: url });
  return {
    log: (step) => analytics.track({ anonymousId: "bench", event: "row", properties: { ...rowAt(step) } }),
    flush: () => analytics.closeAndFlush(),
  };
}
