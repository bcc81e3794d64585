import { VERSION } from "../util/version.js";
import { commandOf, commands } from "./commands.js";
import { type ParsedArguments, parseArguments, UsageError, unknownName } from "./terminal/arguments.js";
import type { Command } from "./terminal/command.js";
import { EXIT, type ExitCode } from "./terminal/exit-codes.js";
import { failureText, optionArguments } from "./terminal/failure.js";
import { commandHelp, programHelp } from "./terminal/help.js";

/** Runs a command line and prints errors on stderr. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  try {
    return await dispatch(argv);
  } catch (error) {
    process.stderr.write(await failureText(error, argv));
    return EXIT.USAGE;
  }
}

async function dispatch([name, ...rest]: readonly string[]): Promise<ExitCode> {
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
    throw misplacedOption(name, rest) ?? unknownName("option", name, ["--help", "--version"]);
  }
  const command = commandNamed(name);
  if (asksForHelp(rest)) return show(commandHelp(command));
  const given = parseArguments(rest, command.options);
  assertNoOperands(name, command, given);
  return (await command.load()).run(given, commands);
}

/** @throws UsageError for operands that the command does not accept. The message omits them: one may be an API key. */
function assertNoOperands(name: string, { takes }: Command, { dirs }: ParsedArguments): void {
  if (takes !== undefined || dirs.length === 0) return;
  throw new UsageError(`${name} accepts only options. See evsys-sdk ${name} --help.`);
}

function commandNamed(name: string): Command {
  const command = commandOf(name);
  if (command === undefined) throw unknownName("command", name, Object.keys(commands));
  return command;
}

/** The error for an option that precedes its command. */
function misplacedOption(option: string, rest: readonly string[]): UsageError | undefined {
  const command = rest.find((word) => commandOf(word) !== undefined);
  if (command === undefined) return undefined;
  return new UsageError(`The command comes first: evsys-sdk ${command} ${option}.`);
}

/** --help takes precedence over everything else. */
function asksForHelp(rest: readonly string[]): boolean {
  return optionArguments(rest).some((word) => word === "--help" || word === "-h");
}

function show(text: string): ExitCode {
  process.stdout.write(text);
  return EXIT.DONE;
}
