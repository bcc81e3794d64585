import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { extname, join } from "node:path";

/** The environment without the variables of clients and proxies, which would change a measurement. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const isNeutral = ([name]: [string, unknown]): boolean => !/^(EVSYS_|LANGSMITH_|LANGCHAIN_|\w+_proxy$)/i.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(isNeutral));
}

/** The file of a module of this folder: TypeScript, or compiled. */
export function fileOf(module: string): string {
  return join(import.meta.dirname, `${module}${extname(import.meta.filename)}`);
}

/** Starts a program of this folder as a child process. */
export function startProgram(name: string, options: unknown): ChildProcess {
  return fork(fileOf(name), [JSON.stringify(options)], {
    env: cleanEnvironment(),
    stdio: ["ignore", "ignore", 2, "ipc"],
  });
}

/** Runs a program of this folder, and returns its result. */
export function runProgram<Result>(name: string, options: unknown): Promise<Result> {
  const child = startProgram(name, options);
  return new Promise((resolve, reject) => {
    child.once("message", (text) => {
      const result: Result = JSON.parse(String(text));
      resolve(result);
      // Open connections would keep it alive beside the next one.
      child.kill();
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`${name} ended with ${signal ?? code} without a result.`)));
  });
}

/** Runs Node without reading its output, and returns its duration in milliseconds. */
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

/** The options of this program, from `startProgram`. */
export function programOptions<Options>(): Options {
  return JSON.parse(process.argv[2] ?? "{}");
}

/** Sends the result to the parent process, or prints it if there is none. */
export function sendResult(value: unknown): void {
  const text = JSON.stringify(value);
  if (process.send === undefined) process.stdout.write(`${text}\n`);
  else process.send(text);
}
