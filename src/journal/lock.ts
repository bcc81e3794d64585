import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, lstatSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FILE_MODE, isMissing, namesIn, onFile, unlessMissing } from "../store/files.js";
import { textOf } from "../store/links.js";
import { codeOf } from "../util/thrown.js";
import { EXPIRES_AFTER_MS, holdLock, type Lock } from "./held-lock.js";
import { isRunning, ownIdentity, type ProcessIdentity, processIdentity } from "./process-identity.js";

export type { Lock } from "./held-lock.js";

/** The name of the sender lease: the lock of who sends for a folder. */
export const SENDER_LOCK = "sender";

/** The owner of a lock that is not ours. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
}

/**
 * Takes a lock, or tells who has it. A lock is a numbered file that was created where there was none, which is atomic on
 * network folders too; the highest number counts. Taking over from the dead means creating the next number, so of two
 * who try, one succeeds, and nobody ever removes a living lock. Each holds a token of its own, as a number that was given
 * back is used again: whoever was wrongly taken for dead does not mistake a later lock for its own.
 * @throws MirrorError if the lock's files cannot be read or written; nothing is held then.
 */
export function takeLock(folder: string, name: string): Lock | Holder {
  return onFile("take the lock", join(folder, name), () => taken(folder, name));
}

function taken(folder: string, name: string): Lock | Holder {
  for (;;) {
    const numbers = numbersOf(folder, name);
    const highest = numbers.at(-1) ?? 0;
    if (highest > 0) {
      const holder = livingHolder(folder, pathOf(folder, name, highest));
      if (holder !== undefined) return holder;
    }
    const number = highest + 1;
    const path = pathOf(folder, name, number);
    const text = JSON.stringify({ ...ownIdentity(), token: randomUUID() });
    if (!created(path, text)) continue;
    try {
      if (hasRival(folder, name, number, numbers)) {
        rmSync(path, { force: true });
        continue;
      }
      for (const old of numbers) rmSync(pathOf(folder, name, old), { force: true });
    } catch (error) {
      // It would look as if this process held the lock.
      rmSync(path, { force: true });
      throw error;
    }
    return holdLock(path, text, () => numbersOf(folder, name).some((other) => other > number));
  }
}

/** Whether another one takes the lock at the same time: both then step back and try again. */
function hasRival(folder: string, name: string, number: number, dead: readonly number[]): boolean {
  // Another one may have begun anew at a lower number meanwhile, and one of those that were dead may have been taken anew.
  return (
    numbersOf(folder, name).some((other) => other !== number && !dead.includes(other)) ||
    dead.some((old) => livingHolder(folder, pathOf(folder, name, old)) !== undefined)
  );
}

/** Who holds a lock, without taking it. `writesNothing`: another host's heartbeat is compared with our own clock. */
export function holderOf(folder: string, name: string, writesNothing = false): Holder | undefined {
  const highest = numbersOf(folder, name).at(-1);
  return highest === undefined ? undefined : livingHolder(folder, pathOf(folder, name, highest), writesNothing);
}

/** Whether what {@link takeLock} answered is the lock. */
export function isLock(answer: Lock | Holder): answer is Lock {
  return "release" in answer;
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

function livingHolder(folder: string, path: string, writesNothing = false): Holder | undefined {
  const identity = readIdentity(path);
  if (identity !== undefined) {
    const running = isRunning(identity);
    if (running !== undefined) return running ? identity : undefined;
  }
  // Another host's process, or a file whose writer was killed before its first word: only time can tell.
  const silentMs = writesNothing ? silenceByOurClock(path) : silence(folder, path);
  if (silentMs === undefined || silentMs > EXPIRES_AFTER_MS) return undefined;
  return identity ?? { pid: 0, host: "unknown" };
}

function readIdentity(path: string): ProcessIdentity | undefined {
  try {
    return processIdentity.safeParse(JSON.parse(textOf(path))).data;
  } catch {
    return undefined;
  }
}

/** How long ago a lock was renewed, by the clock of the disk that keeps it: another host's clock may be wrong. */
function silence(folder: string, path: string): number | undefined {
  const probe = join(folder, `clock-${process.pid}-${process.hrtime.bigint()}.tmp`);
  try {
    const descriptor = openSync(probe, "wx", FILE_MODE);
    const now = fstatSync(descriptor).mtimeMs;
    closeSync(descriptor);
    return now - lstatSync(path).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  } finally {
    rmSync(probe, { force: true });
  }
}

function silenceByOurClock(path: string): number | undefined {
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
