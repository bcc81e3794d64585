import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** The supported shells. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** The command `evsys-sdk completion`. */
export const completionCommand = {
  summary: "Print a shell completion script.",
  usage: "evsys-sdk completion bash|zsh|fish",
  about:
    "Prints a script that completes commands, options and folders. evsys-sdk must be on the PATH. To enable it:\n" +
    "in ~/.bashrc:                        source <(evsys-sdk completion bash)\n" +
    "in ~/.zshrc, after compinit:         source <(evsys-sdk completion zsh)\n" +
    "in ~/.config/fish/config.fish:       evsys-sdk completion fish | source",
  takes: SHELLS,
  options: COMMON,
  examples: ["source <(evsys-sdk completion bash)", "evsys-sdk completion fish | source"],
  exits: { [EXIT.DONE]: "the script was printed", [EXIT.USAGE]: "invalid command line" },
  load: () => import("./run.js"),
} as const satisfies Command;
