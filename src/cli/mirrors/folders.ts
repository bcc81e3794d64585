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
 * The mirrors of a command, without duplicates, as absolute paths. Prints a note for an empty folder.
 * @throws UsageError for a missing folder, or one that is not a mirror.
 */
export function mirrorRoots(dirs: readonly string[], notes: Output): string[] {
  const roots = new Set((dirs.length > 0 ? dirs.map(pathOf) : [logDirOf()]).map(rootOf));
  for (const root of roots) {
    if (!isMirror(root)) notes.line(`${root} is empty: nothing has been written to it yet.`);
  }
  return [...roots];
}

/** Resolves a folder argument, because the shell does not expand a quoted `~`. */
function pathOf(dir: string): string {
  try {
    return folderPath("dir", [], dir);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function rootOf(dir: string): string {
  const hint = "pass the mirror's folder, or set EVSYS_LOG_DIR.";
  const stats = unlessMissing(undefined, () => statSync(dir));
  if (!stats?.isDirectory()) {
    throw new UsageError(
      `${JSON.stringify(dir)} ${stats === undefined ? "does not exist" : "is not a folder"}; ${hint}`,
    );
  }
  const root = realpathSync(dir);
  if (isMirror(root) || namesIn(root).length === 0) return root;
  const meant = [join(root, DEFAULT_LOG_DIR), dirname(root)].find(isMirror);
  const suggestion = meant === undefined ? hint : `did you mean ${meant}?`;
  throw new UsageError(
    `${JSON.stringify(dir)} is not a mirror: it has neither experiments/ nor generations/; ${suggestion}`,
  );
}

function isMirror(root: string): boolean {
  return existsSync(folderOf(root, "experiment")) || existsSync(folderOf(root, "run"));
}
