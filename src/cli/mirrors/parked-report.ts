import { MirrorError } from "../../errors.js";
import { entityCountsIn } from "./entity-counts.js";
import { nameOf } from "./entity-status.js";
import { ParkedReasons } from "./parked-reasons.js";

/** How many reasons a sync prints; `status` prints all. */
const MAX_SHOWN = 3;

/** The hint for entities that the backend does not know. */
export const PARKED_HINT: readonly string[] = [
  "Writes to experiments and runs that the backend does not know stay pending. Check that EVSYS_API_URL and",
  "EVSYS_PROJECT_ID are those with which they were created, and sync all mirrors of a campaign together. If they were",
  "deleted in the backend, their writes cannot be sent: move their folders out of the mirror.",
];

/** Why pending writes of mirrors are parked, as lines; empty if none is. */
export function parkedLines(roots: readonly string[]): string[] {
  try {
    const entities = roots.flatMap(entityCountsIn);
    const parkedReasons = new ParkedReasons(entities);
    const held = entities.flatMap((counts) => {
      const { found, parked } = counts;
      const reasons = parkedReasons.of(counts).map((reason) => `${found.kind} ${nameOf(found) ?? found.id}: ${reason}`);
      return reasons.map((reason) => ({ reason, isUnknown: parked !== undefined }));
    });
    const more = held.length > MAX_SHOWN ? [`… and ${held.length - MAX_SHOWN} more.`] : [];
    const advice = held.some(({ isUnknown }) => isUnknown) ? PARKED_HINT : [];
    return [...held.slice(0, MAX_SHOWN).map(({ reason }) => reason), ...more, ...advice];
  } catch (error) {
    if (error instanceof MirrorError) return [];
    throw error;
  }
}
