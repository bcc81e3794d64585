import type { Rejection } from "../../journal/sync-lines.js";
import type { EntityCounts } from "./entity-counts.js";
import { referenceKey, referencesOfOperations, referencesOfRows, rejectedReferences } from "./references.js";

/** Finds out why pending writes are parked: rejected entities that they refer to, across all mirrors of a campaign. */
export class ParkedReasons {
  readonly #rejected = new Map<string, Rejection>();
  readonly #hasRejectedRows: boolean;

  constructor(entities: readonly EntityCounts[]) {
    let rows = 0;
    for (const { found } of entities) {
      const { entity } = found;
      if (entity === undefined) continue;
      const { creation, rejected } = entity.log.state;
      const rejection = creation === undefined ? undefined : rejected.get(creation.key);
      if (rejection !== undefined) this.#rejected.set(referenceKey(entity.kind, entity.id), rejection);
      for (const [key, rejectedRow] of rejectedReferences(entity)) {
        this.#rejected.set(key, rejectedRow);
        rows += 1;
      }
    }
    this.#hasRejectedRows = rows > 0;
  }

  /** Why pending writes of an entity are parked. Does not include an unavailable backend. */
  of({ found: { entity }, total, parked }: EntityCounts): string[] {
    if (entity === undefined || total.pending === 0) return [];
    const reasons = new Set<string>();
    const own = this.#rejected.get(referenceKey(entity.kind, entity.id));
    if (own !== undefined) reasons.add(`its create was rejected: ${rejectionText(own)}`);
    if (parked !== undefined) reasons.add(`the backend does not know this ${entity.kind}: ${rejectionText(parked)}`);
    for (const key of this.#named(entity)) {
      const rejection = this.#rejected.get(key);
      if (rejection !== undefined) reasons.add(`the ${key} was rejected: ${rejectionText(rejection)}`);
    }
    return [...reasons];
  }

  *#named(entity: NonNullable<EntityCounts["found"]["entity"]>): Generator<string> {
    yield* referencesOfOperations(entity);
    // Rows are read only if one that others refer to was rejected.
    if (this.#hasRejectedRows) yield* referencesOfRows(entity, false);
  }
}

/** The status and the backend's message. */
export function rejectionText({ status, reason }: Pick<Rejection, "status" | "reason">): string {
  return reason === "" ? `${status}` : `${status} ${reason}`;
}
