import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DashboardClientError, type DashboardClientOptions, syncMirror } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { API_KEY, clientOf, mockServer, PROJECT_ID } from "../support/clients.js";
import { recordingLogger } from "../support/loggers.js";
import type { Ids } from "../support/writes.js";
import { type AnswerRecipe, answers } from "./support/answers.js";
import { expectShares, holds, PATIENCE_MS } from "./support/check.js";
import { freshFetch } from "./support/fresh-fetch.js";
import { type Front, startFront } from "./support/front.js";
import { settled } from "./support/outcome.js";
import { playing } from "./support/playing.js";
import { OWN_ANSWERS, WRITES, type Write } from "./support/small-writes.js";
import { nameOf, type Verdict, verdictOn } from "./support/verdict.js";

type Options = Pick<DashboardClientOptions, "fetch">;

interface World {
  readonly front: Front;
  readonly server: MockServer;
  readonly ids: Ids;
}

async function beginning(): Promise<World> {
  const [front, server] = [await startFront(), await mockServer()];
  const client = clientOf(server);
  const experiment = await client.createExperiment({ experiment_name: "iris" });
  const run = await client.createRun({ experiment_id: experiment.id });
  return { front, server, ids: { experimentId: experiment.id, runId: run.id } };
}

async function play(
  world: World,
  { name, writes, call }: Write,
  recipe: AnswerRecipe,
  options: Options = {},
): Promise<void> {
  const { front, server, ids } = world;
  const verdict = verdictOn(recipe, name);
  const client = clientOf(front, { maxRetries: 0, timeoutMs: 20_000, ...options });
  const playedBefore = front.played();
  const sentBefore = server.requests.length;
  front.play(playing(recipe));
  const outcome = await settled(() => call(client, ids));
  expect(front.played()).toBeGreaterThan(playedBefore);
  expectOutcome(outcome, verdict, name);
  const kept = verdict.kind === "away" || (verdict.kind === "raised" && verdict.kept) ? writes : 0;
  const isNoted = !/^create(Experiment|Run)$/.test(name);
  const rejected = verdict.kind === "raised" && !verdict.kept && isNoted ? writes : 0;
  // A route of the caller's own says nothing of the backend.
  const remote = verdict.kind === "away" && name !== "post" ? verdict.remote : "up";
  expect(client.status()).toEqual({ remote, pending: kept, rejected });

  // A real backend takes the place: it gets what it has not had, once.
  front.forwardTo(server.port);
  const report = verdict.kind === "away" ? await client.flush({ timeoutMs: 20_000 }) : undefined;
  // A flush ends early where the backend asked for a longer pause than it may take; the sync delivers the write then.
  if (report !== undefined && report.retryAfterMs === undefined)
    expect(report).toMatchObject({ pending: 0, rejected: 0 });
  await client.close({ timeoutMs: 1 });
  if (name !== "post") await expectSynced(world, client.local.root, rejected);
  const committed = server.requests.slice(sentBefore).filter((request) => request.committed);
  expect(committed).toHaveLength(kept === 0 ? 0 : 1);
}

async function expectSynced({ front }: World, root: string, rejected: number): Promise<void> {
  const connection = { baseUrl: front.url, apiKey: API_KEY, projectId: PROJECT_ID, logger: recordingLogger() };
  const report = await syncMirror({ logDirs: [root], ...connection });
  expect(report).toMatchObject({ pending: 0, rejected });
}

function expectOutcome(outcome: { answer: unknown } | { error: unknown }, verdict: Verdict, name: Write["name"]): void {
  if (verdict.kind === "raised") {
    const error = "error" in outcome ? outcome.error : undefined;
    if (!(error instanceof DashboardClientError)) throw new Error("Not the backend's refusal", { cause: error });
    expect(error).toMatchObject({ status: verdict.status, pending: verdict.kept });
    expect(error.message).toContain(`→ ${nameOf(verdict.status)}`);
    expect(error.message.length).toBeLessThan(600);
    return;
  }
  if ("error" in outcome) throw outcome.error;
  if (verdict.kind === "delivered") expectAnswer(outcome.answer, verdict.body, name);
  else if (name !== "post") expect(Object(outcome.answer)).toMatchObject(OWN_ANSWERS[name]);
}

/** Whether it is nested too deep to be compared. */
function isDeep(value: unknown, left = 50): boolean {
  if (typeof value !== "object" || value === null) return false;
  return left === 0 || Object.values(value).some((item) => isDeep(item, left - 1));
}

/** What the backend said is what the call answers. */
function expectAnswer(answer: unknown, body: unknown, name: Write["name"]): void {
  if (name === "post" && !isDeep(body)) expect(answer).toEqual(body);
  if (name === "createExperiment") expect(Object(answer).id).toBe(Object(body).experiment.id);
  if (name === "createRun") expect(Object(answer).id).toBe(Object(body).run.id);
  if (name === "updateRun" || name === "updateExperiment") expect(Object(answer).patched).toEqual(Object(body).patched);
  if (name === "logPredictions") expect(Object(answer).inserted).toBe(Object(body).inserted);
  if (name === "createEval" && Object.hasOwn(Object(body), "id")) expect(Object(answer).id).toBe(Object(body).id);
}

describe.each(WRITES)("a response to $name", (write) => {
  it("is classified as designed, and nothing is lost or duplicated", { timeout: PATIENCE_MS }, async () => {
    const world = await beginning();
    const name = write.name === "post" ? "createExperiment" : write.name;
    const kinds: Record<Verdict["kind"], number> = { delivered: 0, raised: 0, away: 0 };
    const property = fc.asyncProperty(answers(name), async (recipe) => {
      kinds[verdictOn(recipe, write.name).kind] += 1;
      await play(world, write, recipe);
    });
    await holds(property, { few: 70, many: 3_000 });
    expectShares(kinds, 0.07);
  });
});

describe("a response to the caller's fetch", () => {
  it("is classified in the same way", { timeout: PATIENCE_MS }, async () => {
    const world = await beginning();
    const [write = WRITES[0]] = WRITES.filter(({ name }) => name === "createEval");
    const property = fc.asyncProperty(answers("createEval"), async (recipe) => {
      // A fetch unpacks what it is told is packed, drops the body of a 205, and asks again by itself after a 421.
      fc.pre(![205, 421].includes(recipe.status) && !recipe.headers.some(([name]) => name === "Content-Encoding"));
      const { fetch, close } = freshFetch();
      if (write !== undefined) await play(world, write, recipe, { fetch });
      await close();
    });
    await holds(property, { few: 70, many: 3_000 });
  });
});
