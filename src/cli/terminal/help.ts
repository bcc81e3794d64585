import type { Command, Commands } from "./command.js";

/** The help of the program. */
export function programHelp(commands: Commands & { readonly sync: Command }): string {
  return `evsys-sdk: manage the local mirrors of the EvolvingSystems SDK and send them to the backend.

Usage: evsys-sdk <command> [dir…] [options]

Commands:
${table(Object.entries(commands).map(([name, { summary }]) => [name, summary]))}

Options:
${table([
  ["-h, --help", "Show this help, or the help of a command: evsys-sdk sync --help"],
  ["--version", "Show the version."],
])}

Examples:
  npx evsys-sdk sync ./evsys_sdk
  npx evsys-sdk doctor

${exitCodes("Exit codes of sync", commands.sync)}`;
}

/** The help of a command. */
export function commandHelp(command: Command): string {
  const options = Object.entries(command.options).map(([name, { argument, short, help }]): [string, string] => [
    `${short === undefined ? "" : `-${short}, `}--${name}${argument === undefined ? "" : ` ${argument}`}`,
    help,
  ]);
  return `${command.summary}

Usage: ${command.usage}

${command.about}

Options:
${table(options)}

Examples:
${command.examples.map((example) => `  ${example}`).join("\n")}

${exitCodes("Exit codes", command)}`;
}

function exitCodes(title: string, { exits }: Command): string {
  return `${title} (the highest that applies):\n${table(Object.entries(exits))}\n`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join("\n");
}
