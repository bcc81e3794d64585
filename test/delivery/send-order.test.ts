import { expect, it } from "vitest";
import { temporaryFolder } from "../support/folders.js";
import { backend, clientFor, runOf } from "./support/backend.js";

const ROUNDS = 30;

it("a patch is never sent before the rows logged before it, at any point of a drain", async () => {
  const server = await backend();
  const client = clientFor(server, temporaryFolder(), { delivery: "background" });
  const { runId } = await runOf(client);
  await client.flush();
  for (let round = 0; round < ROUNDS; round += 1) {
    await client.logStepMetric(runId, { step: round, loss: 1 });
    await client.updateRun(runId, { round });
    // Each round begins at another moment of the drain.
    for (let turn = 0; turn < round % 7; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await client.close()).toMatchObject({ pending: 0, rejected: 0 });
  const at = (field: string, round: number): number =>
    server.requests.findIndex(({ body }) => Object(body)[field] === round);
  const tooEarly = Array.from({ length: ROUNDS }, (_, round) => ({ patch: at("round", round), row: at("step", round) }))
    .filter(({ patch, row }) => patch < row)
    .map(({ patch, row }) => `the patch is request ${patch}, the row before it only request ${row}`);
  expect(tooEarly, "patches that were sent before the row logged before them").toEqual([]);
});
