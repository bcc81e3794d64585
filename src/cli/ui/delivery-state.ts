import { join } from "node:path";
import { inspectEntity, isOurs } from "../../journal/inspect.js";
import { sizeOf } from "../../store/files.js";
import { entityFolder, segmentName } from "../../store/paths.js";
import { slotsOf } from "../../store/rows.js";
import type { DeliveryState } from "../../viewer/api-types.js";
import { standingOf } from "../mirrors/entity-counts.js";

/** Counting pending rows reads them; more than this takes too long for a table that somebody waits for. */
const MOST_BYTES = 32 * 1024 * 1024;

/** What of a run is not delivered; null where there is too much to count. */
export function deliveryOf(root: string, id: string): DeliveryState {
  const folder = entityFolder(root, "run", id);
  const streams = ["metrics", "predictions"] as const;
  const bytes = streams.flatMap((stream) =>
    slotsOf(folder, stream).map((slot) => sizeOf(join(folder, segmentName(stream, slot)))),
  );
  if (bytes.reduce((sum, each) => sum + each, 0) > MOST_BYTES) return null;
  const found = inspectEntity(root, "run", id);
  const { total } = standingOf(found);
  return { pending: total.pending, rejected: total.rejected, isForeign: !isOurs(found) };
}
