import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isMainThread, threadId } from "node:worker_threads";
import * as z from "zod";
import { codeOf } from "../util/thrown.js";

/** Identifies a process among all processes of all machines that share a folder. */
export const processIdentity = z.object({
  pid: z.int(),
  /** When the process started, in ticks since boot, because pids are reused. */
  startedAt: z.string(),
  /** The boot of the machine: pids and ticks restart with it. */
  bootId: z.string(),
  /** The host and its pid namespace: two containers may both have a process 1. */
  host: z.string(),
  /** The worker thread; absent for the main thread. `startedAt` is "" if the system does not provide it. */
  thread: z.object({ id: z.int(), startedAt: z.string() }).optional(),
});

export type ProcessIdentity = z.output<typeof processIdentity>;

let own: ProcessIdentity | undefined;

/** The identity of this process and thread. */
export function ownIdentity(): ProcessIdentity {
  own ??= {
    pid: process.pid,
    startedAt: startOf(`/proc/${process.pid}/stat`),
    bootId: textOr("", () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    host: `${hostname()} ${textOr("", () => readlinkSync("/proc/self/ns/pid"))}`.trim(),
    ...(isMainThread ? {} : { thread: ownThread() }),
  };
  return own;
}

/** Whether a process, or its thread, is running; undefined if this machine cannot know. */
export function isRunning(other: ProcessIdentity): boolean | undefined {
  const self = ownIdentity();
  if (other.host !== self.host || other.bootId !== self.bootId || other.startedAt === "") return undefined;
  const { pid, thread } = other;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
  }
  const startedAt = startOf(`/proc/${pid}/stat`);
  // Another user's process may be hidden in /proc.
  if (startedAt === "") return undefined;
  if (startedAt !== other.startedAt) return false;
  if (thread === undefined) return true;
  return thread.startedAt === "" ? undefined : startOf(threadStat(pid, thread.id)) === thread.startedAt;
}

/** The current thread: the system's thread id if there is a /proc, else Node's. */
function ownThread(): NonNullable<ProcessIdentity["thread"]> {
  const link = textOr("", () => readlinkSync("/proc/thread-self"));
  const id = Number(/\/task\/(\d+)$/.exec(link)?.[1] ?? Number.NaN);
  const startedAt = Number.isNaN(id) ? "" : startOf(threadStat(process.pid, id));
  return startedAt === "" ? { id: threadId, startedAt } : { id, startedAt };
}

function threadStat(pid: number, thread: number): string {
  return `/proc/${pid}/task/${thread}/stat`;
}

/** The start time, field 22 of a stat file. The name in field 2 may contain spaces and brackets. "" if there is no file. */
function startOf(statPath: string): string {
  return textOr("", () => {
    const stat = readFileSync(statPath, "utf8");
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
