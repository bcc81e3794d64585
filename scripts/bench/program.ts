import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { extname, join } from "node:path";

/** Ours without settings of a client or a proxy: a measure depends on what it says itself alone. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const isNeutral = ([name]: [string, unknown]): boolean => !/^(EVSYS_|LANGSMITH_|LANGCHAIN_|\w+_proxy$)/i.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(isNeutral));
}

/** The file of a module, given from this folder without its ending: these are run as they are, or compiled. */
export function fileOf(module: string): string {
  return join(import.meta.dirname, `${module}${extname(import.meta.filename)}`);
}

/** Starts a program of this folder in a Node of its own. */
export function startProgram(name: string, options: unknown): ChildProcess {
  return fork(fileOf(name), [JSON.stringify(options)], {
    env: cleanEnvironment(),
    stdio: ["ignore", "ignore", 2, "ipc"],
  });
}

/** Runs a program of this folder, and answers what it told at its end. */
export function runProgram<Result>(name: string, options: unknown): Promise<Result> {
  const child = startProgram(name, options);
  return new Promise((resolve, reject) => {
    child.once("message", (text) => {
      const result: Result = JSON.parse(String(text));
      resolve(result);
      // It may hold connections still, which would keep it alive beside the next one.
      child.kill();
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`${name} ended with ${signal ?? code} and told nothing.`)));
  });
}

/** Runs Node with nobody listening, and answers how long it took from start to end, in milliseconds. */
export async function timed(args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    env: { ...cleanEnvironment(), ...variables },
    stdio: ["ignore", "ignore", 2],
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}.`);
  return performance.now() - startedAt;
}

/** The options of this program, as `startProgram` was given them. */
export function optionsOf<Options>(): Options {
  return JSON.parse(process.argv[2] ?? "{}");
}

/** Tells the program that started this one; on the terminal, where it was started by hand. */
export function tell(value: unknown): void {
  const text = JSON.stringify(value);
  if (process.send === undefined) process.stdout.write(`${text}\n`);
  else process.send(text);
}
