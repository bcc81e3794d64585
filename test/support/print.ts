import { writeSync } from "node:fs";

const waiting = new Int32Array(new SharedArrayBuffer(4));

/** Prints a line synchronously, so that it is printed before the process is killed. */
export function printLine(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      Atomics.wait(waiting, 0, 0, 1);
    }
  }
}
