import { join } from "node:path";
import { inject } from "vitest";

/** Where the bundle of a source file lies, which is named by its path in the repository. */
export function built(path: string): string {
  return join(inject("buildFolder"), path.replace(/\.ts$/, ".js"));
}
