import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, lstatSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FILE_MODE, namesIn, unlessMissing, wrapFsError } from "../store/files.js";
import { textOf } from "../store/links.js";
import { codeOf } from "../util/thrown.js";
import { EXPIRES_AFTER_MS, holdLock, type Lock } from "./held-lock.js";
import { isRunning, ownIdentity, type ProcessIdentity, processIdentity } from "./process-identity.js";

export type { Lock } from "./held-lock.js";

/** The name of the sender lease: the lock of the process that sends for a folder. */
export const SENDER_LOCK = "sender";

/** The owner of a lock. */
export interface LockOwner {
  readonly pid: number;
  readonly host: string;
}

/**
 * Acquires a lock, or returns its owner. A lock is a numbered file that is created exclusively, which is atomic on network
 * file systems too; the highest number counts. Taking over an expired lock means creating the next number, so only one of
 * two contenders succeeds and no live lock is ever removed. Numbers are reused after a release, so each lock contains a
 * unique token: an owner that was wrongly considered dead does not mistake a later lock for its own.
 * @throws MirrorError if the lock's files cannot be read or written; nothing is acquired then.
 */
export function acquireLock(folder: string, name: string): Lock | LockOwner {
  return wrapFsError("acquire the lock", join(folder, name), () => acquired(folder, name));
}

function acquired(folder: string, name: string): Lock | LockOwner {
  for (;;) {
    const numbers = numbersOf(folder, name);
    const highest = numbers.at(-1) ?? 0;
    if (highest > 0) {
      const owner = liveOwner(folder, pathOf(folder, name, highest));
      if (owner !== undefined) return owner;
    }
    const number = highest + 1;
    const path = pathOf(folder, name, number);
    const text = JSON.stringify({ ...ownIdentity(), token: randomUUID() });
    if (!created(path, text)) continue;
    try {
      if (hasContender(folder, name, number, numbers)) {
        rmSync(path, { force: true });
        continue;
      }
      for (const old of numbers) rmSync(pathOf(folder, name, old), { force: true });
    } catch (error) {
      // Otherwise this process would seem to own the lock.
      rmSync(path, { force: true });
      throw error;
    }
    return holdLock(path, text, () => numbersOf(folder, name).some((other) => other > number));
  }
}

/** Whether another process acquires the lock at the same time: whichever sees the other backs off and retries. */
function hasContender(folder: string, name: string, number: number, expired: readonly number[]): boolean {
  // It may have started again at a lower number, or have acquired one of the expired locks again.
  return (
    numbersOf(folder, name).some((other) => other !== number && !expired.includes(other)) ||
    expired.some((old) => liveOwner(folder, pathOf(folder, name, old)) !== undefined)
  );
}

/** The owner of a lock. `writesNothing`: compare another host's heartbeat with our own clock instead of the disk's. */
export function ownerOf(folder: string, name: string, writesNothing = false): LockOwner | undefined {
  const highest = numbersOf(folder, name).at(-1);
  return highest === undefined ? undefined : liveOwner(folder, pathOf(folder, name, highest), writesNothing);
}

/** Whether {@link acquireLock} returned the lock. */
export function isLock(result: Lock | LockOwner): result is Lock {
  return "release" in result;
}

function created(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: "wx", mode: FILE_MODE });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function liveOwner(folder: string, path: string, writesNothing = false): LockOwner | undefined {
  const identity = readIdentity(path);
  if (identity !== undefined) {
    const running = isRunning(identity);
    if (running !== undefined) return running ? identity : undefined;
  }
  // Another host's process, or a file whose writer was killed before writing to it: only the heartbeat counts.
  const sinceMs = writesNothing ? sinceHeartbeatByOwnClockMs(path) : sinceHeartbeatMs(folder, path);
  if (sinceMs === undefined || sinceMs > EXPIRES_AFTER_MS) return undefined;
  return identity ?? { pid: 0, host: "unknown" };
}

function readIdentity(path: string): ProcessIdentity | undefined {
  try {
    return processIdentity.safeParse(JSON.parse(textOf(path))).data;
  } catch {
    return undefined;
  }
}

/** Time since a lock's last heartbeat, by the clock of the file system, because another host's clock may be wrong. */
function sinceHeartbeatMs(folder: string, path: string): number | undefined {
  const probe = join(folder, `clock-${process.pid}-${process.hrtime.bigint()}.tmp`);
  try {
    return unlessMissing(undefined, () => {
      const descriptor = openSync(probe, "wx", FILE_MODE);
      const now = fstatSync(descriptor).mtimeMs;
      closeSync(descriptor);
      return now - lstatSync(path).mtimeMs;
    });
  } finally {
    rmSync(probe, { force: true });
  }
}

function sinceHeartbeatByOwnClockMs(path: string): number | undefined {
  return unlessMissing(undefined, () => Date.now() - lstatSync(path).mtimeMs);
}

function numbersOf(folder: string, name: string): number[] {
  const prefix = `${name}.lock.`;
  return namesIn(folder)
    .filter((file) => file.startsWith(prefix))
    .map((file) => Number(file.slice(prefix.length)))
    .filter((number) => Number.isSafeInteger(number) && number > 0)
    .sort((a, b) => a - b);
}

function pathOf(folder: string, name: string, number: number): string {
  return join(folder, `${name}.lock.${number}`);
}
