import { closeSync, openSync, writeSync } from "node:fs";

/** The minimum cost of a logged row: its JSON, and one write to an open descriptor. */
export interface AppendFloor extends Disposable {
  append(row: object): Promise<void>;
}

export function appendFloor(path: string): AppendFloor {
  const descriptor = openSync(path, "a");
  return {
    async append(row) {
      writeSync(descriptor, `${JSON.stringify(row)}\n`);
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}
