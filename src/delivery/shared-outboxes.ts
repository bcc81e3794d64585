import { realpathSync } from "node:fs";
import type { Config } from "../config.js";
import type { Logger } from "../logger.js";
import { within } from "../util/within.js";
import { MirrorOutbox } from "./mirror-outbox.js";
import type { Scope } from "./scope.js";

const outboxes = new Set<MirrorOutbox>();

/** The outbox of a mirror and a connection. The clients of a process that use the same ones share it. */
export function acquireOutbox(config: Config, logger: Logger, root: string, scope: Scope): MirrorOutbox {
  const path = realPathOf(root);
  const known = [...outboxes].find((one) => one.path === path && isSameConnection(one.sender.config, config));
  const outbox = known ?? new MirrorOutbox(config, logger, root, path, outboxes);
  outboxes.add(outbox);
  outbox.addScope(scope);
  outbox.sender.concurrency = Math.max(outbox.sender.concurrency, config.concurrency);
  return outbox;
}

/** Releases an outbox. If no other client uses it, it is closed; what is in flight then has `timeoutMs`. */
export async function releaseOutbox(outbox: MirrorOutbox, scope: Scope, timeoutMs: number): Promise<void> {
  if (!outbox.removeScope(scope)) return;
  outboxes.delete(outbox);
  outbox.sender.stop();
  await outbox.sender.connection.close();
  await within(timeoutMs, undefined, outbox.sender.sends.whenIdle());
  outbox.close();
}

function isSameConnection(one: Config, other: Config): boolean {
  return (
    one.offline === other.offline &&
    one.baseUrl === other.baseUrl &&
    one.apiKey === other.apiKey &&
    one.fetch === other.fetch &&
    one.fsync === other.fsync
  );
}

/** The mirror's root may be a symbolic link; a folder that does not exist yet is identified by its name. */
function realPathOf(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    return root;
  }
}
