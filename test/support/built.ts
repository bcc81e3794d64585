import { join } from "node:path";
import { inject } from "vitest";

/** The path of the bundle of a source file. */
export function built(path: string): string {
  return join(inject("buildFolder"), path.replace(/\.ts$/, ".js"));
}
