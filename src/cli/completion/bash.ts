import type { Command, Commands } from "../terminal/command.js";
import { quoted, topLevelWords } from "./words.js";

/** The completion script for bash 3.2 (macOS) and later. */
export function bashScript(commands: Commands): string {
  return `# Completes evsys-sdk in bash: source <(evsys-sdk completion bash)
_evsys_sdk_folders() {
  local folder
  compopt -o filenames 2>/dev/null
  while IFS= read -r folder; do COMPREPLY+=("$folder"); done < <(compgen -d -- "$1")
}

_evsys_sdk() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}"
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${words(topLevelWords(commands).map(([first]) => first))} -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
    help) ((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W ${words(Object.entries(commands).map(([name]) => name))} -- "$word")) ;;
${Object.entries(commands).map(caseOf).join("\n")}
  esac
}

complete -F _evsys_sdk evsys-sdk
`;
}

function caseOf([name, { takes, options }]: readonly [string, Command]): string {
  const all = Object.entries(options).map(([option]) => `--${option}`);
  const valued = Object.entries(options).flatMap(([option, { argument }]) =>
    argument === undefined ? [] : `--${option}`,
  );
  const rest =
    takes === undefined || takes.length === 0
      ? []
      : [
          `        *) ${takes === "folders" ? '_evsys_sdk_folders "$word"' : `COMPREPLY=($(compgen -W ${words(takes)} -- "$word"))`} ;;`,
        ];
  return [
    `    ${name})`,
    // The values of options are not completed.
    ...(valued.length === 0 ? [] : [`      case "$before" in ${valued.join(" | ")}) return ;; esac`]),
    '      case "$word" in',
    `        -*) COMPREPLY=($(compgen -W ${words(all)} -- "$word")) ;;`,
    ...rest,
    "      esac",
    "      ;;",
  ].join("\n");
}

function words(all: readonly string[]): string {
  return quoted(all.join(" "));
}
