import { describe, expect, it } from "vitest";
import { program } from "../support/children.js";
import { temporaryFolder } from "../support/folders.js";

const ROWS = 50;

async function syncs(mode: string): Promise<unknown> {
  const { code, stdout, stderr } = await program("count-syncs.ts", [temporaryFolder(), mode, String(ROWS)]).ended;
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe("fsync", () => {
  it("never leaves rows to the system", async () => {
    expect(await syncs("never")).toEqual({ during: 0, later: 0 });
  });

  it("always brings each row to the disk before its call resolves", async () => {
    expect(await syncs("always")).toEqual({ during: ROWS, later: ROWS });
  });

  it("at intervals brings the rows of a while to the disk at once", async () => {
    const { later } = Object(await syncs("interval"));
    expect(later).toBeGreaterThanOrEqual(1);
    expect(later).toBeLessThan(ROWS);
  });
});
