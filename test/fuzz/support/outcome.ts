import { statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { EvsysValidationError } from "../../../src/index.js";
import { pathsBelow } from "../../support/folders.js";

/** The result of a call, or the error that it threw or rejected with. */
export type Settled = { readonly result: unknown } | { readonly error: unknown };

/** Calls a function and waits for its outcome; synchronous errors are included. */
export async function settled(call: () => unknown): Promise<Settled> {
  try {
    return { result: await call() };
  } catch (error) {
    return { error };
  }
}

/** Fails unless it is a validation error that names a field. */
export function expectValidationError(error: unknown): void {
  if (!(error instanceof EvsysValidationError)) throw new Error("A foreign error", { cause: error });
  expect(error.issues.length).toBeGreaterThan(0);
  for (const { field, path, message } of error.issues) {
    expect(message).not.toBe("");
    expect(field === "").toBe(path.length === 0);
    expect(error.message).toContain(message);
  }
}

/** All files below a folder with their sizes: any write changes it. */
export function filesBelow(folder: string): string {
  return pathsBelow(folder)
    .map((path) => `${path} ${statSync(join(folder, path)).size}`)
    .join("\n");
}
