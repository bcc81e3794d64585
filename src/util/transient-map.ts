const RENEW_AFTER_DELETIONS = 500;
/** A larger map would cost too much to copy. */
const MAX_COPIED = 100;

/**
 * A Map for entries that are soon deleted. When a Map needs a new table, V8 lets the old table refer to it: once one of them
 * is in the old generation, all later ones stay in memory, with what was in them, until a major garbage collection. This map
 * moves to a new Map now and then, to which no old table refers.
 */
export class TransientMap<Key, Value> {
  #map = new Map<Key, Value>();
  #deletions = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  has(key: Key): boolean {
    return this.#map.has(key);
  }

  set(key: Key, value: Value): void {
    this.#map.set(key, value);
  }

  delete(key: Key): boolean {
    if (!this.#map.delete(key)) return false;
    this.#deletions += 1;
    if (this.#deletions >= RENEW_AFTER_DELETIONS && this.#map.size <= MAX_COPIED) {
      this.#map = new Map(this.#map);
      this.#deletions = 0;
    }
    return true;
  }

  clear(): void {
    this.#map = new Map();
  }

  keys(): Iterable<Key> {
    return this.#map.keys();
  }

  values(): Iterable<Value> {
    return this.#map.values();
  }
}
