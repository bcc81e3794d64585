import type { EntityKind } from "../operations.js";

/** Ids made here, and the backend's for them. An id that is not known here is the backend's own. */
export class IdMap {
  readonly #backendIds = new Map<string, string>();
  readonly #waiting = new Set<string>();
  /** Looks for an id that nothing is known of, and tells the map what it finds. */
  discover: (kind: EntityKind, id: string) => void = () => {};

  /** An id was made here; the backend has not answered for it yet. */
  expect(kind: EntityKind, id: string): void {
    if (!this.#backendIds.has(keyOf(kind, id))) this.#waiting.add(keyOf(kind, id));
  }

  /** The backend answered for an id made here. */
  learn(kind: EntityKind, id: string, backendId: string): void {
    this.#backendIds.set(keyOf(kind, id), backendId);
    this.#backendIds.set(keyOf(kind, backendId), backendId);
    this.#waiting.delete(keyOf(kind, id));
  }

  /** The id as the backend knows it; undefined while it waits for the backend's answer. */
  resolve(kind: EntityKind, id: string): string | undefined {
    const key = keyOf(kind, id);
    if (!this.#knows(key)) this.discover(kind, id);
    if (!this.#knows(key)) this.#backendIds.set(key, id);
    return this.#waiting.has(key) ? undefined : this.#backendIds.get(key);
  }

  #knows(key: string): boolean {
    return this.#waiting.has(key) || this.#backendIds.has(key);
  }
}

function keyOf(kind: EntityKind, id: string): string {
  return `${kind} ${id}`;
}
