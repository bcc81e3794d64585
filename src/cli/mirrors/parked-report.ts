import { MirrorError } from "../../errors.js";
import { standingsIn } from "./entity-counts.js";
import { nameOf } from "./entity-status.js";
import { Obstacles } from "./parked.js";

/** How many reasons a sync names; a status names all. */
const MOST_SHOWN = 3;

/** What to do about what the backend does not know: another sync alone would come to the same. */
export const UNKNOWN_ADVICE: readonly string[] = [
  "What the backend does not know stays pending. Check that EVSYS_API_URL and EVSYS_PROJECT_ID are those that it was made",
  "with, and sync all mirrors of a campaign together. If it was deleted at the backend, it cannot be sent any more, and",
  "neither --retry-rejected nor clean changes that: move its folder out of the mirror.",
];

/** Why pending writes of mirrors are held back, in lines; none where nothing of the mirrors says why. */
export function heldLines(roots: readonly string[]): string[] {
  try {
    const standings = roots.flatMap(standingsIn);
    const obstacles = new Obstacles(standings);
    const held = standings.flatMap((standing) => {
      const { found, parked } = standing;
      const reasons = obstacles.of(standing).map((reason) => `${found.kind} ${nameOf(found) ?? found.id}: ${reason}`);
      return reasons.map((reason) => ({ reason, isUnknown: parked !== undefined }));
    });
    const more = held.length > MOST_SHOWN ? [`… and ${held.length - MOST_SHOWN} more.`] : [];
    const advice = held.some(({ isUnknown }) => isUnknown) ? UNKNOWN_ADVICE : [];
    return [...held.slice(0, MOST_SHOWN).map(({ reason }) => reason), ...more, ...advice];
  } catch (error) {
    if (error instanceof MirrorError) return [];
    throw error;
  }
}
