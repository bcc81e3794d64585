import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Creates a file to which every write fails with ENOSPC: a device like /dev/full, because the mirror follows no
 * symbolic link to that.
 */
export function makeFull(path: string): void {
  const { status, stderr } = spawnSync("mknod", [path, "c", "1", "7"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`mknod: ${stderr}`);
}

/** Whether such a file can be created: requires root and Linux, and a temporary folder with device files. */
export const canMakeFull = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), "evsys-full-"));
  try {
    makeFull(join(folder, "full"));
    closeSync(openSync(join(folder, "full"), "a"));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
})();
