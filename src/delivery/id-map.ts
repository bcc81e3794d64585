import type { EntityKind } from "../api/routes.js";

/** The ids of one kind of entity. */
class KindIds {
  readonly backendIds = new Map<string, string>();
  readonly expected = new Set<string>();
  readonly lookups = new Map<string, Promise<void>>();

  isKnown(id: string): boolean {
    return this.expected.has(id) || this.backendIds.has(id);
  }
}

/** Maps client-generated ids to the backend's. An id that is not in the map is the backend's own. */
export class IdMap {
  readonly #kinds: Readonly<Record<EntityKind, KindIds>> = {
    experiment: new KindIds(),
    run: new KindIds(),
    checkpoint: new KindIds(),
    eval: new KindIds(),
  };
  /** Looks up an unknown id and adds it to the map: before it returns, or before its promise resolves. */
  lookUp: (kind: EntityKind, id: string) => Promise<void> | undefined = () => undefined;
  /** Called when an awaited id is known, and when a lookup has ended. */
  onLearned: () => void = () => {};

  /** Adds a client-generated id that the backend does not know yet. */
  expect(kind: EntityKind, id: string): void {
    const { backendIds, expected } = this.#kinds[kind];
    if (!backendIds.has(id)) expected.add(id);
  }

  /** Sets the backend's id for a client-generated one. */
  learn(kind: EntityKind, id: string, backendId: string): void {
    const { backendIds, expected } = this.#kinds[kind];
    backendIds.set(id, backendId);
    backendIds.set(backendId, backendId);
    if (expected.delete(id)) this.onLearned();
  }

  /** Whether an id is being looked up. */
  isLookingUp(kind: EntityKind, id: string): boolean {
    return this.#kinds[kind].lookups.has(id);
  }

  /** Resolves when no id is being looked up. */
  async whenLookedUp(): Promise<void> {
    await Promise.allSettled(Object.values(this.#kinds).flatMap(({ lookups }) => [...lookups.values()]));
  }

  /** The id at the backend; undefined while it is awaited. */
  resolve(kind: EntityKind, id: string): string | undefined {
    const ids = this.#kinds[kind];
    if (ids.lookups.has(id)) return undefined;
    if (!ids.isKnown(id)) {
      const lookup = this.lookUp(kind, id);
      if (lookup !== undefined) {
        ids.lookups.set(
          id,
          lookup.finally(() => this.#endLookup(ids, id)),
        );
        return undefined;
      }
      if (!ids.isKnown(id)) ids.backendIds.set(id, id);
    }
    return ids.expected.has(id) ? undefined : ids.backendIds.get(id);
  }

  #endLookup(ids: KindIds, id: string): void {
    ids.lookups.delete(id);
    if (!ids.isKnown(id)) ids.backendIds.set(id, id);
    this.onLearned();
  }
}
