import { cleanCommand } from "./clean/command.js";
import { completionCommand } from "./completion/command.js";
import { contractCommand } from "./contract/command.js";
import { doctorCommand } from "./doctor/command.js";
import { exportCommand } from "./export/command.js";
import { mockCommand } from "./mock/command.js";
import { statusCommand } from "./status/command.js";
import { syncCommand } from "./sync/command.js";
import type { Command, Commands } from "./terminal/command.js";
import { uiCommand } from "./ui/command.js";

/** All commands by name, in the order of the help. */
export const commands = {
  sync: syncCommand,
  status: statusCommand,
  ui: uiCommand,
  export: exportCommand,
  clean: cleanCommand,
  doctor: doctorCommand,
  mock: mockCommand,
  contract: contractCommand,
  completion: completionCommand,
} as const satisfies Commands;

/** The command with a name; undefined if there is none. */
export function commandOf(name: string): Command | undefined {
  const all: Commands = commands;
  return Object.hasOwn(all, name) ? all[name] : undefined;
}
