import type { Command, Commands } from "../terminal/command.js";
import { topLevelWords } from "./words.js";

const FIRST = "__fish_use_subcommand";

/** The completion script for fish. */
export function fishScript(commands: Commands): string {
  const words = topLevelWords(commands).filter(([word]) => !word.startsWith("-"));
  const names = Object.entries(commands)
    .map(([name]) => name)
    .join(" ");
  const lines = [
    "# Completes evsys-sdk in fish: evsys-sdk completion fish | source",
    "complete -c evsys-sdk -f",
    ...words.map(([word, help]) => `complete -c evsys-sdk -n ${FIRST} -a ${word} -d ${quoted(help)}`),
    `complete -c evsys-sdk -n ${FIRST} -l help -s h -d 'Show the help.'`,
    `complete -c evsys-sdk -n ${FIRST} -l version -d 'Show the version.'`,
    `complete -c evsys-sdk -n '__fish_seen_subcommand_from help' -a '${names}'`,
    ...Object.entries(commands).flatMap(linesOf),
  ];
  return `${lines.join("\n")}\n`;
}

function linesOf([name, { takes, options }]: readonly [string, Command]): string[] {
  const start = `complete -c evsys-sdk -n '__fish_seen_subcommand_from ${name}'`;
  const words = takes === "folders" ? "(__fish_complete_directories)" : takes?.join(" ");
  return [
    ...Object.entries(options).map(
      ([option, { argument, help }]) =>
        `${start} -l ${option}${argument === undefined ? "" : " -x"} -d ${quoted(help)}`,
    ),
    ...(words === undefined ? [] : [`${start} -a '${words}'`]),
  ];
}

/** fish escapes quotes within quotes with a backslash. */
function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
