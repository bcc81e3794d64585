import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Ended } from "../support/children.js";
import { connection, evsys } from "../support/cli.js";
import { mockServer, offlineClient } from "../support/clients.js";
import { command } from "../support/command.js";
import { always, rawServer } from "../support/servers.js";
import { until } from "../support/until.js";

/** Colours, the title of the window, a link, C1 codes, a turned direction, a forged line. */
const EVIL =
  "\u001b[31mred\u001b]0;title\u0007\u001b]8;;http://evil\u0007\u009b2J\u202e\u2066\u061c\u2028\r\nforged: everything was delivered";
const OBEYED = /(?!\n)\p{Cc}|\p{Bidi_Control}|[\u2028\u2029]/u;

/** Holds what a command printed: nothing for a terminal to obey, no line that somebody else began. */
function expectTame(...all: readonly Pick<Ended, "stdout" | "stderr">[]): void {
  for (const { stdout, stderr } of all) {
    expect(stdout + stderr).toContain("\\u001b[31mred\\u001b]0;title\\u0007");
    expect(stdout + stderr).not.toMatch(OBEYED);
    expect(stdout + stderr).not.toMatch(/^\s*forged/m);
  }
}

/** A mirror in which whatever a name can be is evil. */
async function evilMirror(): Promise<string> {
  const client = offlineClient();
  const { id } = await client.createExperiment({ experiment_name: EVIL });
  const run = await client.createRun({ experiment_id: id, run_config: { name: EVIL } });
  await client.logStepMetric(run.id, { step: 1, loss: Number.NaN, metrics: { [EVIL]: Number.NaN } });
  await client.logStepMetric(run.id, { step: 2, loss: 1 });
  await client.close();
  return client.local.root;
}

describe("control characters of a mirror or a backend are escaped", () => {
  it("in names and error messages of status and sync", async () => {
    const server = await mockServer();
    const logDir = await evilMirror();
    server.failNext({ status: 422, body: { detail: EVIL }, match: "/runs/", times: 9 });
    const synced = await command(["sync", logDir], connection(server));
    expect(synced.code).toBe(3);
    const all = await Promise.all([
      command(["status", logDir]),
      command(["status", logDir, "--json"]),
      command(["sync", logDir, "--json"], connection(server)),
    ]);
    // The reason of a rejection is stored without control characters, but with bidirectional ones.
    expectTame(synced, all[0], all[1]);
    expect(all[2].stdout + all[2].stderr).not.toMatch(OBEYED);
    expect(synced.stdout + synced.stderr).toContain("\\u202e");
  });

  it("in a response that blocks a sync", async () => {
    const logDir = await evilMirror();
    for (const status of [401, 500]) {
      const server = await rawServer(always(status, { detail: EVIL }, { "retry-after": "0" }));
      const { stdout, stderr } = await command(["sync", logDir], connection(server));
      expect(stdout).toContain("forged");
      expect(stdout + stderr).not.toMatch(OBEYED);
      expect(stdout).not.toMatch(/^\s*forged/m);
    }
  });

  it("in names listed by clean", async () => {
    const logDir = await evilMirror();
    await command(["sync", logDir], connection(await mockServer()));
    expectTame(await command(["clean", logDir, "--days", "0", "--yes"]));
    const other = await evilMirror();
    await command(["sync", other], connection(await mockServer()));
    expectTame(await command(["clean", other, "--days", "0", "--yes", "--json"]));
  });

  it("in file names", async () => {
    const logDir = await evilMirror();
    const run = offlineClient({ logDir }).local.runs()[0];
    writeFileSync(join(logDir, "generations", String(run?.id), "\u001b[31mred\u001b]0;title\u0007\n.jsonl"), "");
    const { stdout, stderr } = await command(["status", logDir]);
    expect(stdout).toContain("not sent     \\u001b[31mred");
    expectTame({ stdout, stderr });
  });

  it("in responses reported by doctor", async () => {
    const rejecting = await rawServer(always(401, EVIL.replaceAll("\u2028", "")));
    // A header can hold C1 codes, but none of the others.
    const turning = await rawServer(always(302, "", { location: "http://evil/\u009b31m" }));
    const [plain, json, redirect] = await Promise.all([
      command(["doctor"], connection(rejecting)),
      command(["doctor", "--json"], connection(rejecting)),
      command(["doctor"], { ...connection(turning), EVSYS_PROJECT_ID: EVIL }),
    ]);
    expect(plain.code).toBe(1);
    expectTame(plain, json, redirect);
    expect(redirect.stdout).toContain("http://evil/\\u009b31m");
  });

  it("in responses reported by contract", async () => {
    const server = await rawServer(always(400, { detail: EVIL, [EVIL]: EVIL }, { "x-request-id": "\u009b2J" }));
    const [plain, json] = await Promise.all([
      command(["contract"], connection(server)),
      command(["contract", "--json"], connection(server)),
    ]);
    for (const { stdout, stderr } of [plain, json]) {
      expect(stdout).toContain("red");
      expect(stdout + stderr).not.toMatch(OBEYED);
      expect(stdout).not.toMatch(/^\s*forged/m);
    }
  });

  it("in requests reported by mock", async () => {
    const mock = evsys(["mock", "--port", "0"]);
    await until(() => /EVSYS_PROJECT_ID/.test(mock.stdout()));
    const [, url] = /EVSYS_API_URL=(\S+)/.exec(mock.stdout()) ?? [];
    await fetch(`${url}/%1b[31mred%1b]0;title%07?%9b2J%0aforged`, { method: "POST", body: EVIL });
    await until(() => / POST /.test(mock.stdout()));
    mock.process.kill("SIGTERM");
    const { stdout, stderr } = await mock.ended;
    expect(stdout).toMatch(/ POST \/%1b/i);
    expect(stdout + stderr).not.toMatch(OBEYED);
    expect(stdout).not.toMatch(/^\s*forged/m);
  });
});
