import type { OptionSpec } from "../terminal/arguments.js";
import type { Command, Commands } from "../terminal/command.js";
import { quoted, topLevelWords } from "./words.js";

/** The completion script for zsh: source it, or put it on the fpath as `_evsys-sdk`. */
export function zshScript(commands: Commands): string {
  return `#compdef evsys-sdk
# Completes evsys-sdk in zsh, after compinit: source <(evsys-sdk completion zsh)
_evsys_sdk() {
  local -a first
  first=(
${topLevelWords(commands)
  .map(([word, help]) => `    ${quoted(`${word}:${help}`)}`)
  .join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe -t commands command first
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
    help) _describe -t commands command first ;;
${Object.entries(commands).map(caseOf).join("\n")}
  esac
}

if [[ $funcstack[1] == _evsys_sdk || $funcstack[1] == _evsys-sdk ]]; then
  _evsys_sdk "$@"
else
  compdef _evsys_sdk evsys-sdk
fi
`;
}

function caseOf([name, { takes, options }]: readonly [string, Command]): string {
  const specs = Object.entries(options).map(([option, spec]) => specOf(option, spec));
  const rest =
    takes === undefined || takes.length === 0
      ? []
      : [takes === "folders" ? "*:folder:_directories" : `1:shell:(${takes.join(" ")})`];
  return `    ${name})
      _arguments -s \\
        ${[...specs, ...rest].map(quoted).join(" \\\n        ")}
      ;;`;
}

function specOf(option: string, { argument, help }: OptionSpec): string {
  const explanation = help.replace(/[[\]\\]/g, "\\$&");
  return `--${option}[${explanation}]${argument === undefined ? "" : `:${argument}: `}`;
}
