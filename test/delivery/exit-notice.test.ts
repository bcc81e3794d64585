import { describe, expect, it } from "vitest";
import { collected } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { backend } from "./support/backend.js";
import { mirrorAt } from "./support/compare.js";
import { startProgram } from "./support/program.js";

async function noticesOf(options: object): Promise<string[]> {
  const { stderr } = await startProgram("exit-clients.ts", options).ended;
  return stderr.split("\n").filter((line) => line.includes("not delivered"));
}

describe("the exit notice", () => {
  it.each([true, false])("is one line per mirror, with the writes of all its clients (closed: %s)", async (closes) => {
    const logDir = temporaryFolder();
    expect(await noticesOf({ logDir, clients: 3, closes })).toEqual([
      `[evsys-sdk] 3 writes are in the mirror and not delivered yet. Send with: npx evsys-sdk sync ${logDir}`,
    ]);
  });

  it("does not mention what another sync has delivered", async () => {
    const server = await backend();
    const syncs = { baseUrl: server.url };
    for (const closes of [true, false]) {
      expect(await noticesOf({ logDir: temporaryFolder(), clients: 3, closes, syncs })).toEqual([]);
    }
    expect(server.experiments).toHaveLength(6);
  });

  it.each([true, false])("says that a deleted mirror's writes are lost (closed: %s)", async (closes) => {
    const logDir = temporaryFolder();
    const { stderr } = await startProgram("exit-clients.ts", { logDir, clients: 2, closes, deletes: true }).ended;
    expect(stderr).toBe(
      `[evsys-sdk] 2 writes are lost: the mirror ${logDir} was deleted before they were delivered.\n`,
    );
  });

  it("counts the rows of the tick in which the process exits, which are on file", async () => {
    const logDir = temporaryFolder();
    expect(await noticesOf({ logDir, clients: 1, exits: true })).toEqual([expect.stringContaining(" 2 writes are ")]);
    expect((await collected(mirrorAt(logDir).metrics("run-1"))).map(({ step }) => step)).toEqual([0]);
  });
});
