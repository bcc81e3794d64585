import { Writable } from "node:stream";
import { main } from "../../src/cli/program.js";
import { lastOf, reportOnFailure } from "./failures.js";
import { REPOSITORY } from "./folders.js";

/** The exit code and the output of a command. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command at a time may replace the process's output streams and working directory. */
let previous: Promise<unknown> = Promise.resolve();

/**
 * Runs `evsys-sdk` in this process, a hundred times faster than in one of its own: for tests of what a command prints and
 * does, but not of signals, terminals or locks of another process. Takes the same arguments as `evsys`.
 */
export function command(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  { cwd = REPOSITORY }: { readonly cwd?: string } = {},
): Promise<CommandResult> {
  const result = previous.then(() => runHere(args, variables, cwd));
  previous = result.catch(() => {});
  return result;
}

async function runHere(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  cwd: string,
): Promise<CommandResult> {
  const [out, err] = [new Captured(), new Captured()];
  const streams = { stdout: out, stderr: err };
  const [before, cwdBefore] = [{ ...process.env }, process.cwd()];
  const own = Object.getOwnPropertyDescriptors(process);
  for (const [name, value] of Object.entries(streams)) {
    Object.defineProperty(process, name, { value, configurable: true });
  }
  Object.assign(process.env, variables);
  process.chdir(cwd);
  let code: number | undefined;
  reportOnFailure(() => {
    const state = code === undefined ? "still runs" : `ended with ${code}`;
    return `evsys-sdk ${args.join(" ")} ${state}\nstdout: ${lastOf(out.text)}\nstderr: ${lastOf(err.text)}`;
  });
  try {
    code = await main(args);
    return { code, stdout: out.text, stderr: err.text };
  } finally {
    process.chdir(cwdBefore);
    Object.defineProperties(process, { stdout: own.stdout, stderr: own.stderr });
    for (const name of Object.keys(variables)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

class Captured extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
