import type { Commands } from "../terminal/command.js";

/** The words that can come first on a command line, with their help. */
export function topLevelWords(commands: Commands): readonly (readonly [word: string, help: string])[] {
  return [
    ...Object.entries(commands).map(([name, { summary }]) => [name, summary] as const),
    ["help", "Show the help of a command."],
    ["--help", "Show the help."],
    ["--version", "Show the version."],
  ];
}

/** Quotes a text for bash and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
