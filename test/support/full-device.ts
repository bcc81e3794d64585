import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes a file that is full, whatever is written to it: a device like /dev/full, as the mirror follows no link to that. */
export function makeFull(path: string): void {
  const { status, stderr } = spawnSync("mknod", [path, "c", "1", "7"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`mknod: ${stderr}`);
}

/** Whether we may make such a file: root may, on Linux, where the disk of temporary files knows devices. */
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
