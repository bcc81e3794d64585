import { realpathSync } from "node:fs";
import type { Config } from "../config.js";
import type { Logger } from "../logger.js";
import { within } from "./flush.js";
import { MirrorOutbox } from "./mirror-outbox.js";
import type { Scope } from "./scope.js";

interface Shared {
  /** The mirror's folder, links resolved. */
  readonly path: string;
  readonly config: Config;
  readonly outbox: MirrorOutbox;
}

const shared = new Set<Shared>();

/** The outbox of a mirror and a connection. The clients of a process that use the same ones share it. */
export function acquireOutbox(config: Config, logger: Logger, root: string, scope: Scope): MirrorOutbox {
  const path = realPathOf(root);
  const known = [...shared].find((one) => one.path === path && isSameConnection(one.config, config));
  const mine = known ?? { path, config, outbox: newOutbox(config, logger, root, path) };
  shared.add(mine);
  mine.outbox.addScope(scope);
  mine.outbox.sender.concurrency = Math.max(mine.outbox.sender.concurrency, config.concurrency);
  return mine.outbox;
}

/** Releases an outbox. If no other client uses it, it is closed; what is in flight then has `timeoutMs`. */
export async function releaseOutbox(outbox: MirrorOutbox, scope: Scope, timeoutMs: number): Promise<void> {
  const mine = [...shared].find((one) => one.outbox === outbox);
  if (mine === undefined || !outbox.removeScope(scope)) return;
  shared.delete(mine);
  outbox.sender.stop();
  await outbox.sender.connection.close();
  await within(timeoutMs, undefined, outbox.sender.sends.whenIdle());
  outbox.close();
}

function newOutbox(config: Config, logger: Logger, root: string, path: string): MirrorOutbox {
  const outbox: MirrorOutbox = new MirrorOutbox(config, logger, root, (kind, id) =>
    [...shared].some((one) => one.outbox !== outbox && one.path === path && one.outbox.isSendingFor(kind, id)),
  );
  return outbox;
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
