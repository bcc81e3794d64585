import { lstatSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { program } from "../support/children.js";
import { API_KEY, mockServer } from "../support/clients.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";

const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);

it.runIf(process.platform !== "win32").each(["000", "022", "077"])(
  "every folder and file of a mirror is accessible only to its owner under umask %s: documents, rows, logs, locks",
  async (umask) => {
    const [server, folder] = [await mockServer(), temporaryFolder()];
    const logDir = join(folder, "new", "mirror");
    const { signal } = await program("under-umask.ts", [server.url, API_KEY, logDir, umask]).ended;
    expect(signal).toBe("SIGKILL");
    const paths = pathsBelow(join(folder, "new"));
    for (const kind of [
      /experiment\.json$/,
      /generation\.json$/,
      /metrics\.jsonl$/,
      /evals\.jsonl$/,
      /checkpoints\.jsonl$/,
    ]) {
      expect(paths).toContainEqual(expect.stringMatching(kind));
    }
    for (const kind of [
      /predictions\.jsonl$/,
      /sync\/ops\.jsonl$/,
      /sync\/acks\.log$/,
      /writer-1\.lock\.\d+$/,
      /sender\.lock/,
    ]) {
      expect(paths).toContainEqual(expect.stringMatching(kind));
    }
    const isFolder = (path: string): boolean => lstatSync(path).isDirectory();
    const wrong = ["", ...paths]
      .map((path) => join(folder, "new", path))
      .filter((path) => modeOf(path) !== (isFolder(path) ? "700" : "600"));
    expect(wrong).toEqual([]);
  },
);
