import { existsSync, realpathSync } from "node:fs";
import { resolveConfig } from "../config.js";
import { DashboardClientError, EvsysValidationError, MirrorError } from "../errors.js";
import { warnIfExposed } from "../http/exposure.js";
import { levelled } from "../logger.js";
import { namesIn } from "../store/files.js";
import { safeCallback } from "../util/callbacks.js";
import { now } from "../util/clock.js";
import { onAbort } from "../util/on-abort.js";
import { preview } from "../util/preview.js";
import { issueAt } from "../util/validation.js";
import type { Counts, SyncReport } from "./counters.js";
import type { EntityOutbox } from "./entity-outbox.js";
import { sendBacklog } from "./flush.js";
import { entitiesOf } from "./found-entities.js";
import { Scope } from "./scope.js";
import { Sender } from "./sender.js";
import { pendingReason } from "./status.js";
import { SYNC_OPTIONS, type SyncOptions, validSyncOptions } from "./sync-options.js";

const PROGRESS_EVERY_MS = 100;

/**
 * Sends pending writes of one or more mirrors to the backend, each exactly once if the backend honours Idempotency-Key.
 * It skips runs that another process is sending. You can interrupt and repeat a sync at any time.
 * @returns counts of the writes, in total and by kind.
 * @throws EvsysAuthError without key or project, EvsysValidationError for invalid options or a folder that does not exist,
 * MirrorError if a mirror cannot be read or written.
 */
export async function syncMirror(options: SyncOptions = {}): Promise<SyncReport> {
  const startedAt = now();
  const {
    logDirs,
    dryRun = false,
    retryRejected = false,
    adopt: adopts = false,
    onProgress = () => {},
    signal,
    ...connection
  } = validSyncOptions(options);
  const config = resolveConfig({ ...connection, offline: dryRun, disabled: false }, undefined, SYNC_OPTIONS);
  const logger = levelled(config.logLevel, config.logger);
  warnIfExposed(config, logger);
  let failures = 0;
  const onError = (error: Error): void => {
    if (!(error instanceof DashboardClientError)) failures += 1;
  };
  const scope = new Scope(logger, onError);
  const sender = new Sender(config, logger);
  const total = (): Counts => scope.counters.total;
  const roots = new Set((logDirs ?? [config.logDir]).map(rootOf));
  const outboxes = [...roots].flatMap((root) => entitiesOf(root, sender, scope, { adopts, dryRun }));
  const showProgress = safeCallback("onProgress", onProgress, (message) => logger.error(message));
  const progress = setInterval(() => showProgress(total()), PROGRESS_EVERY_MS);
  const forget = onAbort(signal, () => sender.stop());
  try {
    if (signal?.aborted) sender.stop();
    for (const outbox of outboxes) begin(outbox, scope, { dryRun, retryRejected });
    if (!dryRun) await sendBacklog(sender, () => total().pending, { signal });
    await sender.sends.whenIdle();
    showProgress(total());
    const report = scope.counters.report(
      startedAt,
      now(),
      total().pending === 0 ? {} : pendingReason(sender, outboxes),
    );
    return failures === 0 ? report : { ...report, failures };
  } finally {
    clearInterval(progress);
    forget();
    sender.stop();
    for (const outbox of outboxes) outbox.close();
    await sender.connection.close();
  }
}

function rootOf(logDir: string): string {
  const invalid = (what: string) =>
    new EvsysValidationError("sync", [
      issueAt(["logDirs"], `expected the folder of a mirror, ${preview(logDir)} ${what}`),
    ]);
  if (!existsSync(logDir)) throw invalid("does not exist");
  const names = namesIn(logDir);
  const isMirror = names.length === 0 || names.includes("experiments") || names.includes("generations");
  if (!isMirror) throw invalid("has neither experiments/ nor generations/");
  return realpathSync(logDir);
}

function begin(
  outbox: EntityOutbox,
  scope: Scope,
  { dryRun, retryRejected }: { readonly dryRun: boolean; readonly retryRejected: boolean },
): void {
  const { store, sender } = outbox;
  try {
    if (dryRun || !outbox.takeLease()) outbox.recount();
    const { owner } = outbox.lease;
    if (owner !== undefined) {
      const { pid, host } = owner;
      sender.logger.warn(`${store.path}: skipped, because process ${pid} on ${host} is sending it.`);
    } else if (!dryRun) {
      store.repair();
      outbox.retryRejected(retryRejected);
    }
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    scope.announce(error);
  }
}
