import { type Given, UsageError, unknown } from "./arguments.js";
import { SHELLS } from "./commands.js";
import { bashScript } from "./completion-bash.js";
import { fishScript } from "./completion-fish.js";
import { zshScript } from "./completion-zsh.js";
import { EXIT, type ExitCode } from "./exit-codes.js";

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], () => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** `evsys-sdk completion`. */
export async function run({ dirs: [word, ...more] }: Given): Promise<ExitCode> {
  if (word === undefined || more.length > 0) {
    throw new UsageError("completion takes one shell: evsys-sdk completion bash, zsh or fish.");
  }
  const shell = SHELLS.find((known) => known === word);
  if (shell === undefined) throw unknown("shell", word, SHELLS);
  process.stdout.write(SCRIPTS[shell]());
  return EXIT.DONE;
}
