import { built } from "../../support/built.js";
import { type Child, cleanEnvironment, run } from "../../support/children.js";

/** A program of `test/delivery/support/programs` in its own process, which prints one line of JSON at a time. */
export interface Program<Line> extends Child {
  /** The complete lines that it has printed so far. */
  readonly lines: () => readonly Line[];
  /** Sends SIGKILL and waits for the end of the process. */
  readonly kill: () => Promise<void>;
}

/** Starts a program with its options as JSON. It is killed at the end of the test. */
export function startProgram<Line>(
  name: string,
  options: object,
  { env, preload }: { readonly env?: Readonly<Record<string, string>>; readonly preload?: string } = {},
): Program<Line> {
  const before = preload === undefined ? [] : ["--import", programFile(preload)];
  const line = [...before, programFile(name), JSON.stringify(options)];
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

/** The bundle of a program of `test/delivery/support/programs`. */
export function programFile(name: string): string {
  return built(`test/delivery/support/programs/${name}`);
}
