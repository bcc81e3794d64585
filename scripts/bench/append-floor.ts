import { closeSync, openSync, writeSync } from "node:fs";

/** The least that a logged row can cost: its JSON, and one write on a descriptor that is open already. */
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
