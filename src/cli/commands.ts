import { backendCommands } from "./backend-commands.js";
import { COMMON, type Command } from "./command.js";
import { EXIT } from "./exit-codes.js";
import { mirrorCommands } from "./mirror-commands.js";

/** The shells that commands can be completed in. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** The commands by name. */
export const commands = {
  ...mirrorCommands,
  ...backendCommands,
  completion: {
    summary: "Print what makes a shell complete these commands.",
    usage: "evsys-sdk completion bash|zsh|fish",
    about:
      "Prints a script that completes commands, options and folders where evsys-sdk is on the PATH. To have it in every\n" +
      "session, add to ~/.bashrc:           source <(evsys-sdk completion bash)\n" +
      "to ~/.zshrc, after compinit:         source <(evsys-sdk completion zsh)\n" +
      "to ~/.config/fish/config.fish:       evsys-sdk completion fish | source",
    takes: SHELLS,
    options: COMMON,
    examples: ["source <(evsys-sdk completion bash)", "evsys-sdk completion fish | source"],
    exits: { [EXIT.DONE]: "the script was printed", [EXIT.USAGE]: "the command line is at fault" },
    load: () => import("./completion.js"),
  },
} as const satisfies Readonly<Record<string, Command>>;

/** The command of a name; undefined where there is none. */
export function commandOf(name: string): Command | undefined {
  const all: Readonly<Record<string, Command>> = commands;
  return Object.hasOwn(all, name) ? all[name] : undefined;
}
