import { createRequire } from "node:module";
import { parseArguments, UsageError, unknown } from "./arguments.js";
import { type Command, commandOf, commands } from "./commands.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import { commandHelp, programHelp } from "./help.js";
import { failureLine } from "./text.js";

/** Runs the command line; what goes wrong becomes one line on stderr. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  try {
    return await dispatched(argv);
  } catch (error) {
    process.stderr.write(failureLine(error));
    return EXIT.USAGE;
  }
}

async function dispatched([name, ...rest]: readonly string[]): Promise<ExitCode> {
  switch (name) {
    case undefined:
      process.stderr.write(programHelp());
      return EXIT.USAGE;
    case "--help":
    case "-h":
      return show(programHelp());
    case "--version":
      return show(`${version()}\n`);
    case "help":
      return show(rest[0] === undefined ? programHelp() : commandHelp(commandNamed(rest[0])));
  }
  if (name.startsWith("-")) {
    throw commandsFirst(name, rest) ?? unknown("option", name, ["--help", "--version"]);
  }
  const command = commandNamed(name);
  if (asksForHelp(rest)) return show(commandHelp(command));
  const given = parseArguments(rest, command.options);
  return (await command.load()).run(given);
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
  const end = rest.indexOf("--");
  return rest.slice(0, end === -1 ? rest.length : end).some((word) => word === "--help" || word === "-h");
}

function show(text: string): ExitCode {
  process.stdout.write(text);
  return EXIT.DONE;
}

function version(): string {
  const manifest: { readonly version?: unknown } = createRequire(import.meta.url)("evsys-sdk/package.json");
  return String(manifest.version);
}
