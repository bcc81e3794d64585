import type { Command } from "./command.js";
import { commands } from "./commands.js";

/** All that can be completed, from the table of the commands. */
export const completed: readonly (readonly [name: string, command: Command])[] = Object.entries(commands);

/** What may stand first on the line. */
export const FIRST_WORDS: readonly (readonly [word: string, help: string])[] = [
  ...completed.map(([name, { summary }]) => [name, summary] as const),
  ["help", "Show the help of a command."],
  ["--help", "Show the help."],
  ["--version", "Show the version."],
];

/** A text between single quotes, for bash and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
