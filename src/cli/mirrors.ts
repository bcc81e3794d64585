import { existsSync, realpathSync, statSync } from "node:fs";
import { logDirOf } from "../config.js";
import { unlessMissing } from "../mirror/files.js";
import { folderOf } from "../mirror/paths.js";
import { UsageError } from "./arguments.js";
import type { Output } from "./output.js";

/**
 * The mirrors that a command is about, each once, as absolute paths. A folder that holds no mirror is named.
 * @throws UsageError where a folder is not there.
 */
export function mirrorRoots(dirs: readonly string[], notes: Output): string[] {
  const roots = new Set((dirs.length > 0 ? dirs : [logDirOf()]).map(rootOf));
  for (const root of roots) {
    if (existsSync(folderOf(root, "experiment")) || existsSync(folderOf(root, "run"))) continue;
    notes.line(`${root} holds no mirror: there is neither experiments/ nor generations/ in it.`);
  }
  return [...roots];
}

function rootOf(dir: string): string {
  const stats = unlessMissing(undefined, () => statSync(dir));
  if (stats?.isDirectory()) return realpathSync(dir);
  const what = stats === undefined ? "is not there" : "is no folder";
  throw new UsageError(`${JSON.stringify(dir)} ${what}; name the mirror's folder, or set EVSYS_LOG_DIR.`);
}
