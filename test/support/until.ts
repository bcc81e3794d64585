import { setTimeout as sleep } from "node:timers/promises";

const LOOK_EVERY_MS = 2;
/** Shorter than the timeout of a test, whose message would not say what the test waited for. */
const LIMIT_MS = 10_000;

/** Waits until a condition holds. The error quotes the condition and shows `seen`, the value that it depends on. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { seen, limitMs = LIMIT_MS }: { readonly seen?: () => unknown; readonly limitMs?: number } = {},
): Promise<void> {
  const error = new Error();
  // The report shows the line of the test that waits.
  Error.captureStackTrace(error, until);
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > limitMs) {
      const last = seen === undefined ? "" : `; last seen: ${JSON.stringify(seen())}`;
      error.message = `Waited ${limitMs / 1_000} s for ${sourceOf(holds)}${last}`;
      throw error;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** The source of a condition, without the arrow and without vitest's prefix of imported names. */
function sourceOf(holds: () => unknown): string {
  return String(holds)
    .replace(/^(async )?\(\) *=> */, "")
    .replaceAll(/\(0, ?__vi_import_\d+__\.(\w+)\)|__vi_import_\d+__\.(\w+)/g, "$1$2");
}
