import type { Rejection } from "../../journal/sync-lines.js";
import type { Standing } from "./entity-counts.js";
import { keyOf, namedByOperations, namedByRows, refusedNamed } from "./references.js";

/** What the backend refused that other writes name, across the mirrors of a campaign. */
export class Obstacles {
  readonly #refused = new Map<string, Rejection>();
  readonly #hasRefusedRows: boolean;

  constructor(standings: readonly Standing[]) {
    let rows = 0;
    for (const { found } of standings) {
      const { entity } = found;
      if (entity === undefined) continue;
      const { creation, rejected: refused } = entity.log.state;
      const refusal = creation === undefined ? undefined : refused.get(creation.key);
      if (refusal !== undefined) this.#refused.set(keyOf(entity.kind, entity.id), refusal);
      for (const [key, refusedRow] of refusedNamed(entity)) {
        this.#refused.set(key, refusedRow);
        rows += 1;
      }
    }
    this.#hasRefusedRows = rows > 0;
  }

  /** Why pending writes of an entity cannot go out, where it is not the backend's being away. */
  of({ found: { entity }, total, parked }: Standing): string[] {
    if (entity === undefined || total.pending === 0) return [];
    const reasons = new Set<string>();
    const own = this.#refused.get(keyOf(entity.kind, entity.id));
    if (own !== undefined) reasons.add(`its create was refused: ${said(own)}`);
    if (parked !== undefined) reasons.add(`the backend does not know this ${entity.kind}: ${said(parked)}`);
    for (const key of this.#named(entity)) {
      const refusal = this.#refused.get(key);
      if (refusal !== undefined) reasons.add(`the ${key} was refused: ${said(refusal)}`);
    }
    return [...reasons];
  }

  *#named(entity: NonNullable<Standing["found"]["entity"]>): Generator<string> {
    yield* namedByOperations(entity);
    // Rows are read for this alone: not where none of those that others name was refused.
    if (this.#hasRefusedRows) yield* namedByRows(entity, false);
  }
}

/** What the backend said, with its status. */
export function said({ status, reason }: Pick<Rejection, "status" | "reason">): string {
  return reason === "" ? `${status}` : `${status} ${reason}`;
}
