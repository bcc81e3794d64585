import type { DashboardClient } from "../client.js";
import type { Delivery } from "../delivery/delivery.js";
import type { Logger } from "../logger.js";

/** What a run writes with. */
export interface RunContext {
  readonly client: DashboardClient;
  readonly delivery: Delivery;
  readonly logger: Logger;
}
