import { existsSync, realpathSync } from "node:fs";
import { now } from "../clock.js";
import { type DashboardClientOptions, resolveConfig } from "../config.js";
import { DashboardClientError, EvsysValidationError, MirrorError } from "../errors.js";
import { warnIfExposed } from "../exposure.js";
import { folderPath } from "../folder-path.js";
import { levelled } from "../logger.js";
import { namesIn } from "../mirror/files.js";
import { issueAt, shown } from "../validation.js";
import type { Counts, SyncReport } from "./counters.js";
import type { EntityOutbox } from "./entity-outbox.js";
import { sendBacklog } from "./flush.js";
import { entitiesOf } from "./found-entities.js";
import { Scope } from "./scope.js";
import { Sender } from "./sender.js";
import { pendingReason } from "./status.js";
import { checkedSyncOptions, SYNC_OPTIONS } from "./sync-options.js";

const PROGRESS_EVERY_MS = 100;

/** What to bring to the backend, and how. What is not given is read from the environment, as for a client. */
export interface SyncOptions
  extends Pick<
    DashboardClientOptions,
    "baseUrl" | "apiKey" | "projectId" | "timeoutMs" | "maxRetries" | "concurrency" | "fetch" | "logger" | "logLevel"
  > {
  /** The mirrors. Parents are found across them. Default: the one of EVSYS_LOG_DIR, else `./evsys_sdk`. */
  readonly logDirs?: readonly string[] | undefined;
  /** Count what is pending and send nothing. Needs no key. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Send rows and patches again that the backend refused. Refused creates are sent again by every sync. Default false. */
  readonly retryRejected?: boolean | undefined;
  /** Send what another client wrote as well. Its writes may have reached the backend already. Default false. */
  readonly adopt?: boolean | undefined;
  /** Told of the counts ten times a second. */
  readonly onProgress?: ((counts: Counts) => void) | undefined;
  /** Ends the sync: what is in flight is still acknowledged, the rest stays pending. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Brings what is pending in one or more mirrors to the backend, each write exactly once where the backend honours
 * Idempotency-Key. Runs that a live process sends for are left to it. It may be interrupted and repeated at any time.
 * @throws EvsysAuthError without key or project, EvsysValidationError for options that do not fit or a folder that is
 * not there, MirrorError where a mirror cannot be read or written.
 */
export async function syncMirror(options: SyncOptions = {}): Promise<SyncReport> {
  const startedAt = now();
  const {
    logDirs,
    dryRun = false,
    retryRejected = false,
    adopt: adopts = false,
    onProgress,
    signal,
    ...connection
  } = checkedSyncOptions(options);
  const config = resolveConfig({ ...connection, offline: dryRun }, undefined, SYNC_OPTIONS);
  const logger = levelled(config.logLevel, config.logger);
  warnIfExposed(config, logger);
  let failures = 0;
  const onError = (error: Error): void => {
    if (!(error instanceof DashboardClientError)) failures += 1;
  };
  const scope = new Scope(logger, onError);
  const sender = new Sender(config, logger, true);
  const total = (): Counts => scope.counters.total;
  const roots = new Set(
    (logDirs ?? [config.logDir]).map((logDir, at) => rootOf(folderPath(SYNC_OPTIONS, ["logDirs", at], logDir))),
  );
  const outboxes = [...roots].flatMap((root) => entitiesOf(root, sender, scope, { adopts, dryRun }));
  const progress = setInterval(() => onProgress?.(total()), PROGRESS_EVERY_MS);
  const stop = (): void => sender.stop();
  try {
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
    for (const outbox of outboxes) begin(outbox, scope, { dryRun, retryRejected });
    if (!dryRun) await sendBacklog(sender, () => total().pending, { signal });
    await sender.whenIdle();
    onProgress?.(total());
    const report = scope.counters.report(
      startedAt,
      now(),
      total().pending === 0 ? {} : pendingReason(sender, outboxes),
    );
    return failures === 0 ? report : { ...report, failures };
  } finally {
    clearInterval(progress);
    signal?.removeEventListener("abort", stop);
    stop();
    for (const outbox of outboxes) outbox.close();
    await sender.connection.close();
  }
}

function rootOf(logDir: string): string {
  const refuse = (what: string) =>
    new EvsysValidationError("sync", [
      issueAt(["logDirs"], `expected the folder of a mirror, ${shown(logDir)} ${what}`),
    ]);
  if (!existsSync(logDir)) throw refuse("is not there");
  const names = namesIn(logDir);
  const isMirror = names.length === 0 || names.includes("experiments") || names.includes("generations");
  if (!isMirror) throw refuse("holds neither experiments/ nor generations/");
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
    if (outbox.holder !== undefined) {
      const { pid, host } = outbox.holder;
      sender.logger.warn(`${store.path}: left to process ${pid} on ${host}, which sends for it.`);
    } else if (!dryRun) {
      store.repair();
      outbox.retryRejected(retryRejected);
    }
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    scope.announce(error);
  }
}
