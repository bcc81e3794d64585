import type { DiskPolicy } from "../store/fsync.js";
import type { Sender } from "./sender.js";

/** When the files of a mirror are flushed to the disk. */
export function diskPolicyOf({ config, logger }: Sender, root: string): DiskPolicy {
  return { fsync: config.fsync, root, warn: (message) => logger.warn(message) };
}
