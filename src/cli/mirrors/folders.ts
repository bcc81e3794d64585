import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DEFAULT_LOG_DIR, logDirOf } from "../../config.js";
import { namesIn, unlessMissing } from "../../store/files.js";
import { folderOf } from "../../store/paths.js";
import { folderPath } from "../../util/folder-path.js";
import { messageOf } from "../../util/thrown.js";
import { UsageError } from "../terminal/arguments.js";
import type { Output } from "../terminal/output.js";

/**
 * The mirrors that a command is about, each once, as absolute paths. A folder that is empty, as one that no client has
 * written to yet, is named.
 * @throws UsageError where a folder is not there, or holds something else.
 */
export function mirrorRoots(dirs: readonly string[], notes: Output): string[] {
  const roots = new Set((dirs.length > 0 ? dirs.map(pathOf) : [logDirOf()]).map(rootOf));
  for (const root of roots) {
    if (!holdsMirror(root)) notes.line(`${root} is empty: no client has written to it yet.`);
  }
  return [...roots];
}

/** A folder of the command line; the shell does not expand `~` in quotes. */
function pathOf(dir: string): string {
  try {
    return folderPath("dir", [], dir);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function rootOf(dir: string): string {
  const way = "name the mirror's folder, or set EVSYS_LOG_DIR.";
  const stats = unlessMissing(undefined, () => statSync(dir));
  if (!stats?.isDirectory()) {
    throw new UsageError(`${JSON.stringify(dir)} ${stats === undefined ? "is not there" : "is no folder"}; ${way}`);
  }
  const root = realpathSync(dir);
  if (holdsMirror(root) || namesIn(root).length === 0) return root;
  const near = [join(root, DEFAULT_LOG_DIR), dirname(root)].find(holdsMirror);
  const hint = near === undefined ? way : `did you mean ${near}?`;
  throw new UsageError(
    `${JSON.stringify(dir)} holds no mirror: there is neither experiments/ nor generations/ in it; ${hint}`,
  );
}

function holdsMirror(root: string): boolean {
  return existsSync(folderOf(root, "experiment")) || existsSync(folderOf(root, "run"));
}
