import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { built } from "./built.js";
import { lastOf, tellOnFailure } from "./failures.js";
import { REPOSITORY } from "./folders.js";

/** How a child ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  /** What it has printed so far. */
  readonly stdout: () => string;
  readonly ended: Promise<Ended>;
}

/** Our environment without the settings of the client, so that a child has those of the test alone. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(EVSYS_|NODE_ENV$|VITEST|https?_proxy$)/i.test(name),
  );
  return { ...Object.fromEntries(entries), ...more };
}

/** Runs a command. It is killed when the test is over; if the test fails, its message says how the command ended and what it printed. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Child {
  const child = spawn(command, args, { cwd: REPOSITORY, env: cleanEnvironment(), ...options });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended.catch(() => {});
  });
  // Registered last, it runs first: the process is as the test left it.
  tellOnFailure(() => {
    const { exitCode, signalCode, spawnargs } = child;
    const state = exitCode === null && signalCode === null ? "still runs" : `ended with ${signalCode ?? exitCode}`;
    const printed = [`stdout: ${lastOf(stdout)}`, `stderr: ${lastOf(stderr)}`].filter((line) => !line.endsWith(": "));
    return [`A process of the test ${state}: ${lastOf(spawnargs.join(" "))}`, ...printed].join("\n");
  });
  return { process: child, stdout: () => stdout, ended };
}

/** The command line of a program of `test/support/programs`. */
function programLine(name: string, ...args: string[]): string[] {
  return [built(`test/support/programs/${name}`), ...args];
}

/** Runs a program of `test/support/programs` in a Node of its own; `fileBlocks` (of 1 KiB) is how large a file may grow. */
export function program(
  name: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  { fileBlocks }: { readonly fileBlocks?: number } = {},
): Child {
  const env = cleanEnvironment(variables);
  const line = programLine(name, ...args);
  if (fileBlocks === undefined) return run(process.execPath, line, { env });
  // Without the trap the system would end the process instead of failing the write.
  const limited = `trap "" XFSZ; ulimit -f ${fileBlocks}; exec "$@"`;
  return run("bash", ["-c", limited, "bash", process.execPath, ...line], { env });
}
