import { type Command, commands } from "./commands.js";

/** What the program can do. */
export function programHelp(): string {
  return `evsys-sdk: the mirror of EvolvingSystems' SDK, and its way to the backend.

Usage: evsys-sdk <command> [dir…] [options]

Commands:
${table(Object.entries(commands).map(([name, { summary }]) => [name, summary]))}

Options:
${table([
  ["-h, --help", "Show this help, or that of a command: evsys-sdk sync --help"],
  ["--version", "Show the version."],
])}

Example:
  npx evsys-sdk sync ./evsys_sdk

${exitCodes(commands.sync)}`;
}

/** What a command can do. */
export function commandHelp(command: Command): string {
  const options = Object.entries(command.options).map(([name, { argument, help }]): [string, string] => [
    `${name === "help" ? "-h, " : ""}--${name}${argument === undefined ? "" : ` ${argument}`}`,
    help,
  ]);
  return `${command.summary}

Usage: ${command.usage}

${command.about}

Options:
${table(options)}

${command.examples.length === 1 ? "Example" : "Examples"}:
${command.examples.map((example) => `  ${example}`).join("\n")}

${exitCodes(command)}`;
}

function exitCodes({ exits }: Command): string {
  return `Exit codes (of those that apply, the highest):\n${table(Object.entries(exits))}\n`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join("\n");
}
