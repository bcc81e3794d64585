import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { built } from "./built.js";
import { lastOf, reportOnFailure } from "./failures.js";
import { REPOSITORY } from "./folders.js";

/** The exit status and the output of a child process. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  /** The output so far. */
  readonly stdout: () => string;
  readonly ended: Promise<Ended>;
}

/** Our environment without the client's variables, so that the child has only those of the test. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(EVSYS_|NODE_ENV$|VITEST|https?_proxy$)/i.test(name),
  );
  return { ...Object.fromEntries(entries), ...more };
}

/**
 * Runs a command, which is killed at the end of the test. If the test fails, its message contains the command's exit
 * status and output.
 */
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
  // Registered last, so it runs first, while the process is as the test left it.
  reportOnFailure(() => {
    const { exitCode, signalCode, spawnargs } = child;
    const state = exitCode === null && signalCode === null ? "still runs" : `ended with ${signalCode ?? exitCode}`;
    const printed = [`stdout: ${lastOf(stdout)}`, `stderr: ${lastOf(stderr)}`].filter((line) => !line.endsWith(": "));
    return [`A process of the test ${state}: ${lastOf(spawnargs.join(" "))}`, ...printed].join("\n");
  });
  return { process: child, stdout: () => stdout, ended };
}

/** The command line for a program of `test/support/programs`. */
function programLine(name: string, ...args: string[]): string[] {
  return [built(`test/support/programs/${name}`), ...args];
}

/** Runs a program of `test/support/programs` in its own process; `fileBlocks` limits the size of its files, in KiB. */
export function program(
  name: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  { fileBlocks }: { readonly fileBlocks?: number } = {},
): Child {
  const env = cleanEnvironment(variables);
  const line = programLine(name, ...args);
  return fileBlocks === undefined ? run(process.execPath, line, { env }) : runLimited(line, fileBlocks, env);
}

/** Runs Node with a limit to the size of the files that it writes, in KiB. */
export function runLimited(line: readonly string[], fileBlocks: number, env = cleanEnvironment()): Child {
  // Without the trap, SIGXFSZ would end the process instead of the write failing.
  const limited = `trap "" XFSZ; ulimit -f ${fileBlocks}; exec "$@"`;
  return run("bash", ["-c", limited, "bash", process.execPath, ...line], { env });
}
