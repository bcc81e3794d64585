import type { EntityKind } from "../api/routes.js";

/** Maps client-generated ids to the backend's. An id that is not in the map is the backend's own. */
export class IdMap {
  readonly #backendIds = new Map<string, string>();
  readonly #expected = new Set<string>();
  readonly #lookups = new Map<string, Promise<void>>();
  /** Looks up an unknown id and adds it to the map: before it returns, or before its promise resolves. */
  lookUp: (kind: EntityKind, id: string) => Promise<void> | undefined = () => undefined;
  /** Called when an awaited id is known, and when a lookup has ended. */
  onLearned: () => void = () => {};

  /** Adds a client-generated id that the backend does not know yet. */
  expect(kind: EntityKind, id: string): void {
    if (!this.#backendIds.has(keyOf(kind, id))) this.#expected.add(keyOf(kind, id));
  }

  /** Sets the backend's id for a client-generated one. */
  learn(kind: EntityKind, id: string, backendId: string): void {
    this.#backendIds.set(keyOf(kind, id), backendId);
    this.#backendIds.set(keyOf(kind, backendId), backendId);
    if (this.#expected.delete(keyOf(kind, id))) this.onLearned();
  }

  /** Whether an id is being looked up. */
  isLookingUp(kind: EntityKind, id: string): boolean {
    return this.#lookups.has(keyOf(kind, id));
  }

  /** Resolves when no id is being looked up. */
  async whenLookedUp(): Promise<void> {
    await Promise.allSettled(this.#lookups.values());
  }

  /** The id at the backend; undefined while it is awaited. */
  resolve(kind: EntityKind, id: string): string | undefined {
    const key = keyOf(kind, id);
    if (this.#lookups.has(key)) return undefined;
    if (!this.#isKnown(key)) {
      const lookup = this.lookUp(kind, id);
      if (lookup !== undefined) {
        this.#lookups.set(
          key,
          lookup.finally(() => this.#endLookup(key, id)),
        );
        return undefined;
      }
      if (!this.#isKnown(key)) this.#backendIds.set(key, id);
    }
    return this.#expected.has(key) ? undefined : this.#backendIds.get(key);
  }

  #endLookup(key: string, id: string): void {
    this.#lookups.delete(key);
    if (!this.#isKnown(key)) this.#backendIds.set(key, id);
    this.onLearned();
  }

  #isKnown(key: string): boolean {
    return this.#expected.has(key) || this.#backendIds.has(key);
  }
}

function keyOf(kind: EntityKind, id: string): string {
  return `${kind} ${id}`;
}
