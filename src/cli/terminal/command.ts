import type { OptionSpecs, ParsedArguments } from "./arguments.js";
import type { ExitCode } from "./exit-codes.js";

/** The implementation of a command. */
export interface CommandModule {
  /** `commands`: all commands, for shell completion. */
  run(given: ParsedArguments, commands: Commands): Promise<ExitCode>;
}

/** A command and its help. */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  readonly about: string;
  /** The operands it accepts: folders, or words of a list; undefined for none. */
  readonly takes?: "folders" | readonly string[];
  readonly options: OptionSpecs;
  readonly examples: readonly string[];
  /** The meaning of its exit codes. */
  readonly exits: Readonly<Partial<Record<ExitCode, string>>>;
  /** Loads its implementation and dependencies. */
  readonly load: () => Promise<CommandModule>;
}

/** Commands by name, in the order of the help. */
export type Commands = Readonly<Record<string, Command>>;

/** The options that every command has. */
export const COMMON = {
  verbose: { help: "Show the stack of an unexpected error." },
  help: { short: "h", help: "Show this help." },
} as const satisfies OptionSpecs;

/** The usual meaning of exit code 2. */
export const BAD_USAGE = "invalid command line, configuration or mirror folder";
