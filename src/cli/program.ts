import { VERSION } from "../util/version.js";
import { commandOf, commands } from "./commands.js";
import { type Given, parseArguments, UsageError, unknown } from "./terminal/arguments.js";
import type { Command } from "./terminal/command.js";
import { EXIT, type ExitCode } from "./terminal/exit-codes.js";
import { failureText, optionsOf } from "./terminal/failure.js";
import { commandHelp, programHelp } from "./terminal/help.js";

/** Runs the command line; what goes wrong is said on stderr. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  try {
    return await dispatched(argv);
  } catch (error) {
    process.stderr.write(await failureText(error, argv));
    return EXIT.USAGE;
  }
}

async function dispatched([name, ...rest]: readonly string[]): Promise<ExitCode> {
  switch (name) {
    case undefined:
      process.stderr.write(programHelp(commands));
      return EXIT.USAGE;
    case "--help":
    case "-h":
      return show(programHelp(commands));
    case "--version":
      return show(`${VERSION}\n`);
    case "help":
      return show(rest[0] === undefined ? programHelp(commands) : commandHelp(commandNamed(rest[0])));
  }
  if (name.startsWith("-")) {
    throw commandsFirst(name, rest) ?? unknown("option", name, ["--help", "--version"]);
  }
  const command = commandNamed(name);
  if (asksForHelp(rest)) return show(commandHelp(command));
  const given = parseArguments(rest, command.options);
  refuseWords(name, command, given);
  return (await command.load()).run(given, commands);
}

/** @throws UsageError where words stand beside the options that the command does not take. It shows none: one may be a key. */
function refuseWords(name: string, { takes }: Command, { dirs }: Given): void {
  if (takes !== undefined || dirs.length === 0) return;
  throw new UsageError(`${name} takes options alone: evsys-sdk ${name} --help shows them.`);
}

function commandNamed(name: string): Command {
  const command = commandOf(name);
  if (command === undefined) throw unknown("command", name, Object.keys(commands));
  return command;
}

/** An option before the command it belongs to. */
function commandsFirst(option: string, rest: readonly string[]): UsageError | undefined {
  const command = rest.find((word) => commandOf(word) !== undefined);
  if (command === undefined) return undefined;
  return new UsageError(`The command comes first: evsys-sdk ${command} ${option}.`);
}

/** Help is shown whatever else stands on the line. */
function asksForHelp(rest: readonly string[]): boolean {
  return optionsOf(rest).some((word) => word === "--help" || word === "-h");
}

function show(text: string): ExitCode {
  process.stdout.write(text);
  return EXIT.DONE;
}
