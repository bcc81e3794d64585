import { join } from "node:path";
import { type Child, cleanEnvironment, run } from "../../support/children.js";

/** A program of `test/delivery/support/programs` in a Node of its own, that prints JSON, a line each time. */
export interface Program<Line> extends Child {
  /** The whole lines that it has printed so far. */
  readonly lines: () => readonly Line[];
  /** Ends it as a cluster or the system does, and waits until it is gone. */
  readonly kill: () => Promise<void>;
}

/** Starts a program with its options as JSON. It is killed when the test is over. */
export function startProgram<Line>(
  name: string,
  options: object,
  { env, preload }: { readonly env?: Readonly<Record<string, string>>; readonly preload?: string } = {},
): Program<Line> {
  const folder = join(import.meta.dirname, "programs");
  const before = preload === undefined ? [] : ["--import", join(folder, preload)];
  const line = ["--import", "tsx", ...before, join(folder, name), JSON.stringify(options)];
  const child = run(process.execPath, line, { env: cleanEnvironment(env) });
  return {
    ...child,
    lines: () =>
      child
        .stdout()
        .split("\n")
        .slice(0, -1)
        .map((text) => JSON.parse(text) as Line),
    async kill() {
      child.process.kill("SIGKILL");
      await child.ended;
    },
  };
}
