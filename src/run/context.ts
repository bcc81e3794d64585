import type { DashboardClient } from "../client.js";
import type { Delivery } from "../delivery/delivery.js";
import type { Logger } from "../logger.js";
import type { TrackBest } from "./options.js";

/** What a run writes with. */
export interface RunContext {
  readonly client: DashboardClient;
  readonly delivery: Delivery;
  readonly logger: Logger;
}

/** What a started run consists of. */
export interface StartedRun {
  readonly experimentId: string;
  readonly runId: string;
  /** Whether the experiment ends with the run. */
  readonly endsExperiment: boolean;
  readonly signals: boolean;
  readonly signal: AbortSignal | undefined;
  readonly trackBest: TrackBest | undefined;
}
