import { type ParsedArguments, UsageError, unknownName } from "../terminal/arguments.js";
import type { Commands } from "../terminal/command.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { bashScript } from "./bash.js";
import { SHELLS } from "./command.js";
import { fishScript } from "./fish.js";
import { zshScript } from "./zsh.js";

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (commands: Commands) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Runs `evsys-sdk completion`. */
export async function run({ dirs: [word, ...more] }: ParsedArguments, commands: Commands): Promise<ExitCode> {
  if (word === undefined || more.length > 0) {
    throw new UsageError("completion requires one shell: evsys-sdk completion bash, zsh or fish.");
  }
  const shell = SHELLS.find((known) => known === word);
  if (shell === undefined) throw unknownName("shell", word, SHELLS);
  process.stdout.write(SCRIPTS[shell](commands));
  return EXIT.DONE;
}
