import { statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { EvsysValidationError } from "../../../src/index.js";
import { pathsBelow } from "../../support/folders.js";

/** What became of a call. */
export type Settled = { readonly answer: unknown } | { readonly error: unknown };

/** Calls, and takes what is thrown at once for what is thrown later. */
export async function settled(call: () => unknown): Promise<Settled> {
  try {
    return { answer: await call() };
  } catch (error) {
    return { error };
  }
}

/** Fails unless it is our refusal of what was given, and names what it refuses. */
export function expectRefusal(error: unknown): void {
  if (!(error instanceof EvsysValidationError)) throw new Error("A foreign error", { cause: error });
  expect(error.issues.length).toBeGreaterThan(0);
  for (const { field, path, message } of error.issues) {
    expect(message).not.toBe("");
    expect(field === "").toBe(path.length === 0);
    expect(error.message).toContain(message);
  }
}

/** All files below a folder with their sizes: whatever is written there changes it. */
export function filesBelow(folder: string): string {
  return pathsBelow(folder)
    .map((path) => `${path} ${statSync(join(folder, path)).size}`)
    .join("\n");
}
