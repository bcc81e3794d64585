import { COMMON, type Command } from "../terminal/command.js";
import { EXIT } from "../terminal/exit-codes.js";

/** The shells that commands can be completed in. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** `evsys-sdk completion`, with all that its help says. */
export const completionCommand = {
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
  load: () => import("./run.js"),
} as const satisfies Command;
