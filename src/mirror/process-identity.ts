import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import * as z from "zod";

/** What tells one process from all others, on this machine and on others that share a folder with it. */
export const processIdentity = z.object({
  pid: z.int(),
  /** When the process started, in the machine's own ticks: a pid alone is given out again. */
  startedAt: z.string(),
  /** The boot of the machine: pids and ticks begin anew with it. */
  bootId: z.string(),
  /** The host and the space its pids are counted in: two containers may both have a process 1. */
  host: z.string(),
});

/** What tells one process from all others. */
export type ProcessIdentity = z.output<typeof processIdentity>;

let own: ProcessIdentity | undefined;

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  own ??= {
    pid: process.pid,
    startedAt: startOf(process.pid),
    bootId: textOr("", () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    host: `${hostname()} ${textOr("", () => readlinkSync("/proc/self/ns/pid"))}`.trim(),
  };
  return own;
}

/** Whether a process runs; undefined where it cannot be told from here. */
export function isRunning(other: ProcessIdentity): boolean | undefined {
  const self = ownIdentity();
  if (other.host !== self.host || other.bootId !== self.bootId || other.startedAt === "") return undefined;
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
  }
  return startOf(other.pid) === other.startedAt;
}

/** Field 22 of the process's stat file; the name in field 2 may hold spaces and brackets. Empty where there is no /proc. */
function startOf(pid: number): string {
  return textOr("", () => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  });
}

function textOr(fallback: string, read: () => string): string {
  try {
    return read();
  } catch {
    return fallback;
  }
}
