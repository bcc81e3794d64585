import * as z from "zod";
import { abortSignal } from "../call-options.js";
import { clientOptions, functionOf } from "../config.js";
import { folderPath } from "../folder-path.js";
import { validated } from "../validation.js";
import type { SyncOptions } from "./sync.js";

export const SYNC_OPTIONS = "syncMirror options";

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
export function checkedSyncOptions(options: SyncOptions): SyncOptions {
  const { logDirs } = validated(SYNC_OPTIONS, syncOptions, options);
  return { ...options, logDirs: logDirs?.map((logDir, at) => folderPath(SYNC_OPTIONS, ["logDirs", at], logDir)) };
}
