import { inspectEntity, isOurs } from "../../journal/inspect.js";
import type { CountedLines } from "../../journal/segment.js";
import type { DeliveryState } from "../../viewer/api-types.js";
import { entityCountsOf } from "../mirrors/entity-counts.js";

/** The browser asks again and again for the runs that it shows: of a file that has grown, only what is new is counted. */
const counted: CountedLines = new Map();

/** What of a run is not delivered. */
export function deliveryOf(root: string, id: string): DeliveryState {
  const found = inspectEntity(root, "run", id);
  const { total } = entityCountsOf(found, counted);
  return { pending: total.pending, rejected: total.rejected, isForeign: !isOurs(found) };
}
