import { join } from "node:path";
import { LineReader } from "../store/line-reader.js";
import { opsLine, parsedLine } from "./sync-lines.js";
import type { SyncState } from "./sync-state.js";

/** The ops logs of an entity's writer slots, which record what was written. They are folded into a state as they grow. */
export class OpsLogs {
  readonly #folder: string;
  readonly #state: SyncState;
  readonly #readers = new Map<number, { readonly reader: LineReader; position: number }>();

  constructor(folder: string, state: SyncState) {
    this.#folder = folder;
    this.#state = state;
  }

  /** Reads the lines that were added since. */
  read(slots: readonly number[]): void {
    for (const slot of slots) {
      const known = this.#readers.get(slot) ?? { reader: new LineReader(opsPath(this.#folder, slot)), position: 0 };
      this.#readers.set(slot, known);
      let line = known.reader.lineAt(known.position);
      for (; line?.isTerminated; line = known.reader.lineAt(known.position)) {
        known.position = line.end;
        const parsed = parsedLine(opsLine, line.bytes);
        if (parsed !== undefined) this.#state.applyOp(parsed, slot);
      }
      known.reader.close();
    }
  }

  close(): void {
    for (const { reader } of this.#readers.values()) reader.close();
    this.#readers.clear();
  }
}

/** The writer slots whose ops logs are among the names of a folder. */
export function slotsAmong(names: readonly string[]): number[] {
  return names
    .map((name) => /^ops(?:\.(\d+))?\.jsonl$/.exec(name))
    .flatMap((match) => (match === null ? [] : Number(match[1] ?? 1)))
    .sort((a, b) => a - b);
}

export function opsPath(folder: string, slot: number): string {
  return join(folder, slot === 1 ? "ops.jsonl" : `ops.${slot}.jsonl`);
}
