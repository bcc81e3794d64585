import type { Given, OptionSpecs } from "./arguments.js";
import type { ExitCode } from "./exit-codes.js";

/** What runs a command. */
export interface CommandModule {
  /** `commands` are all commands, for the one that completes them. */
  run(given: Given, commands: Commands): Promise<ExitCode>;
}

/** A command, with all that its help says. */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  readonly about: string;
  /** What may stand beside its options: folders, or words of a list; undefined where nothing may. */
  readonly takes?: "folders" | readonly string[];
  readonly options: OptionSpecs;
  readonly examples: readonly string[];
  /** What its exit codes mean. */
  readonly exits: Readonly<Partial<Record<ExitCode, string>>>;
  /** Loads what runs it, and with it what it needs. */
  readonly load: () => Promise<CommandModule>;
}

/** Commands by name, in the order of the help. */
export type Commands = Readonly<Record<string, Command>>;

/** The options of every command. */
export const COMMON = {
  verbose: { help: "Show where an unexpected error comes from: its stack." },
  help: { short: "h", help: "Show this help." },
} as const satisfies OptionSpecs;

/** What exit code 2 means where a command has no other reason for it. */
export const BAD_USAGE = "the command line, the configuration or the mirror's folder is at fault";
