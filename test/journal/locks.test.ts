import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { acquireLock, isLock, type Lock, ownerOf } from "../../src/journal/lock.js";
import { program } from "../support/children.js";
import { temporaryFolder } from "../support/folders.js";

const MINUTE_MS = 60_000;

function taken(folder: string, name = "sender"): { readonly lock: Lock; readonly path: string } {
  const lock = acquireLock(folder, name);
  if (!isLock(lock)) throw new Error("The lock is another's.");
  onTestFinished(() => lock.release());
  return { lock, path: join(folder, `${name}.lock.1`) };
}

/** As another host's process leaves it that took over, gave back, and took again under the first number. */
function replaceByAnother(path: string): string {
  const text = JSON.stringify({ pid: 7, startedAt: "1", bootId: "b", host: "elsewhere", token: "t" });
  rmSync(path);
  writeFileSync(path, text);
  return text;
}

describe("a lock", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
  });

  it("that another process took over is lost at the next heartbeat, and the other's file is not touched", () => {
    const { lock, path } = taken(temporaryFolder());
    const text = replaceByAnother(path);
    utimesSync(path, 1, 1);
    vi.advanceTimersByTime(5_000);
    expect(lock.checkHeld()).toBe(false);
    lock.release();
    expect({ text: readFileSync(path, "utf8"), mtime: statSync(path).mtimeMs }).toEqual({ text, mtime: 1_000 });
  });

  it("is checked against its file after the process was suspended", () => {
    const folder = temporaryFolder();
    const { lock: ours } = taken(folder, "ours");
    const { lock: lost, path } = taken(folder, "lost");
    const { lock: gone, path: gonePath } = taken(folder, "gone");
    const { lock: overtaken } = taken(folder, "overtaken");
    replaceByAnother(path);
    rmSync(gonePath);
    // One that takes over makes the next number first.
    writeFileSync(join(folder, "overtaken.lock.2"), "");
    vi.setSystemTime(Date.now() + MINUTE_MS);
    expect([ours, lost, gone, overtaken].map((lock) => lock.checkHeld())).toEqual([true, false, false, false]);
  });

  it("is kept while it is renewed, and its file gets the disk's time", () => {
    const { lock, path } = taken(temporaryFolder());
    const text = readFileSync(path, "utf8");
    utimesSync(path, 1, 1);
    vi.advanceTimersByTime(MINUTE_MS);
    expect(lock.checkHeld()).toBe(true);
    expect(statSync(path).mtimeMs).toBeGreaterThan(1_000_000);
    expect(readFileSync(path, "utf8")).toBe(text);
    lock.release();
    expect(() => statSync(path)).toThrow("ENOENT");
  });

  it("has no timer and no open file of its own", () => {
    const folder = temporaryFolder();
    const before = descriptors();
    const locks = Array.from({ length: 500 }, (_, at) => taken(folder, `writer-${at}`));
    expect(vi.getTimerCount()).toBe(1);
    for (const { path } of locks) utimesSync(path, 1, 1);
    vi.advanceTimersByTime(10_000);
    expect(vi.getTimerCount()).toBe(1);
    expect(descriptors()).toBe(before);
    expect(locks.every(({ path }) => statSync(path).mtimeMs > 1_000_000)).toBe(true);
  });

  it("of an earlier version, without a token, belongs to that process", () => {
    const folder = temporaryFolder();
    const { lock, path } = taken(folder);
    const { token: _, ...identity } = JSON.parse(readFileSync(path, "utf8"));
    lock.release();
    writeFileSync(path, JSON.stringify(identity));
    expect(ownerOf(folder, "sender")).toMatchObject({ pid: process.pid });
    expect(isLock(acquireLock(folder, "sender"))).toBe(false);
  });
});

describe.runIf(process.platform === "linux")("the locks of a worker thread", () => {
  it("are released when the thread is terminated, and not before", async () => {
    const logDir = join(temporaryFolder(), "mirror");
    mkdirSync(logDir);
    const { code, stdout, stderr } = await program("terminated-worker.ts", [logDir]).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({ whileAlive: false, afterwards: true, pending: 0, steps: [1, 2] });
  });
});

function descriptors(): number {
  return process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
}
