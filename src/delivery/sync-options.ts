import * as z from "zod";
import { abortSignal } from "../api/call-options.js";
import { clientOptions, type DashboardClientOptions, functionOf } from "../config.js";
import { folderPath } from "../util/folder-path.js";
import { validated } from "../util/validation.js";
import type { Counts } from "./counters.js";

export const SYNC_OPTIONS = "syncMirror options";

/**
 * What to send, and how. What is not given is read from the environment, as for a client. EVSYS_OFFLINE and EVSYS_DISABLED
 * have no effect: a sync is asked for.
 */
export interface SyncOptions
  extends Pick<
    DashboardClientOptions,
    "baseUrl" | "apiKey" | "projectId" | "timeoutMs" | "maxRetries" | "concurrency" | "fetch" | "logger" | "logLevel"
  > {
  /** The mirrors. Parents are found across them. Default: the one of EVSYS_LOG_DIR, else `./evsys_sdk`. */
  readonly logDirs?: readonly string[] | undefined;
  /** Only count what is pending. Needs no key. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Send rejected rows and patches again. Rejected creates are sent again by every sync. Default false. */
  readonly retryRejected?: boolean | undefined;
  /** Also send what another client wrote. Its writes may have reached the backend already. Default false. */
  readonly adopt?: boolean | undefined;
  /** Called with the counts ten times a second. */
  readonly onProgress?: ((counts: Counts) => void) | undefined;
  /** Ends the sync: responses to what is in flight are still taken, the rest stays pending. */
  readonly signal?: AbortSignal | undefined;
}

const syncOptions = clientOptions
  .pick({
    baseUrl: true,
    apiKey: true,
    projectId: true,
    timeoutMs: true,
    maxRetries: true,
    concurrency: true,
    fetch: true,
    logger: true,
    logLevel: true,
  })
  .extend({
    logDirs: z.array(z.string()).optional(),
    dryRun: z.boolean().optional(),
    retryRejected: z.boolean().optional(),
    adopt: z.boolean().optional(),
    onProgress: functionOf<NonNullable<SyncOptions["onProgress"]>>().optional(),
    signal: abortSignal.optional(),
  });

/**
 * Valid options, with the folders as paths.
 * @throws EvsysValidationError naming each invalid option, the value and what is allowed.
 */
export function validSyncOptions(options: SyncOptions): SyncOptions {
  const { logDirs } = validated(SYNC_OPTIONS, syncOptions, options);
  return { ...options, logDirs: logDirs?.map((logDir, at) => folderPath(SYNC_OPTIONS, ["logDirs", at], logDir)) };
}
