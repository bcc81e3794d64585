import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Config } from "../config.js";
import { EvsysError, EvsysValidationError, errorOfAnswer } from "../errors.js";
import { stepMetricFields } from "../inputs.js";
import type { Logger } from "../logger.js";
import { decode, encode } from "../mirror/lossless-json.js";
import { refuseUnsafeId } from "../mirror/paths.js";
import type { LocalExperimentStore } from "../mirror/store.js";
import {
  type AnswerOf,
  type BodyOf,
  type Created,
  type OperationName,
  operations,
  type RowAdded,
} from "../operations.js";
import { plainStep } from "../plain-step.js";
import { issueAt, shown } from "../validation.js";
import { type Accepted, accept, jsonOf } from "./accept.js";
import { acceptPredictions } from "./accept-predictions.js";
import { NonFiniteCounts } from "./non-finite.js";
import { Outbox } from "./outbox.js";
import type { Outcome } from "./outcome.js";

/**
 * Called with the JSON text of a write's fields once the write is accepted: after validation, before anything is awaited. A
 * refused write does not call it.
 */
export type OnAccepted = (text: string) => void;

/** The eight writes: each is held against the document, goes through the outbox, and answers in the document's types. */
export class Delivery {
  readonly outbox: Outbox;
  readonly #logger: Logger;
  readonly #nonFinite: NonFiniteCounts;
  /** Calls whose input is being read in chunks. */
  readonly #accepting = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(config: Config, logger: Logger, store: LocalExperimentStore) {
    this.#logger = logger;
    this.#nonFinite = new NonFiniteCounts(logger);
    this.outbox = new Outbox(config, logger, store);
  }

  async createExperiment(body: unknown, _timeoutMs?: number): Promise<Created<"createExperiment">> {
    const { fields, key, answer } = await this.#create("createExperiment", body);
    const row = Object.assign({}, fields, { id: key }, answer?.experiment);
    this.outbox.keep("experiment", row.id, key, fields, answer !== undefined);
    return row;
  }

  async createRun(body: unknown, _timeoutMs?: number): Promise<Created<"createRun">> {
    const { fields, key, answer } = await this.#create("createRun", body);
    const row = Object.assign({}, fields, { id: key }, answer?.run);
    this.outbox.keep("run", row.id, key, fields, answer !== undefined);
    return row;
  }

  async updateExperiment(id: string, patch: unknown, _timeoutMs?: number): Promise<AnswerOf<"updateExperiment">> {
    const { fields, answer } = await this.#patch("updateExperiment", id, patch);
    return answer ?? { experiment_id: id, patched: Object.keys(fields) };
  }

  async updateRun(
    id: string,
    patch: unknown,
    _timeoutMs?: number,
    onAccepted?: OnAccepted,
  ): Promise<AnswerOf<"updateRun">> {
    const { fields, answer } = await this.#patch("updateRun", id, patch, onAccepted);
    return answer ?? { id, patched: Object.keys(fields) };
  }

  async logStepMetric(
    runId: string,
    body: unknown,
    _timeoutMs?: number,
    onAccepted?: OnAccepted,
  ): Promise<AnswerOf<"logStepMetric">> {
    this.#refuseUnlessOpen("logStepMetric", runId);
    const text = plainStep(body) ?? this.#accept("logStepMetric", body, runId).text;
    onAccepted?.(text);
    const outcome = await this.outbox.append("metrics", runId, [text]);
    return answerOf<"logStepMetric">(outcome) ?? { ok: true };
  }

  async createEval(
    runId: string,
    body: unknown,
    _timeoutMs?: number,
    onAccepted?: OnAccepted,
  ): Promise<RowAdded<"createEval">> {
    const { fields, text } = this.#accept("createEval", body, runId);
    onAccepted?.(text);
    const row = { id: randomUUID(), ...fields };
    this.outbox.expectRowId("eval", row.id);
    const answer = answerOf<"createEval">(await this.outbox.append("evals", runId, [encode(row)]));
    return Object.assign({}, row, answer, { ok: true, id: answer?.id ?? row.id } as const);
  }

  async addCheckpoint(runId: string, body: unknown, _timeoutMs?: number): Promise<RowAdded<"addCheckpoint">> {
    const row = { id: randomUUID(), ...this.#accept("addCheckpoint", body, runId).fields };
    this.outbox.expectRowId("checkpoint", row.id);
    const answer = answerOf<"addCheckpoint">(await this.outbox.append("checkpoints", runId, [encode(row)]));
    return Object.assign({}, row, answer, { ok: true, id: answer?.id ?? row.id } as const);
  }

  async logPredictions(runId: string, given: unknown, _timeoutMs?: number): Promise<AnswerOf<"logPredictions">> {
    this.#refuseUnlessOpen("logPredictions", runId);
    const accepting = acceptPredictions("logPredictions", given);
    const { lines, nonFinite } = accepting instanceof Promise ? await this.#track(accepting) : accepting;
    if (lines.length === 0) return { ok: true, inserted: 0 };
    this.#nonFinite.add("logPredictions", nonFinite);
    const outcome = await this.outbox.append("predictions", runId, lines);
    return answerOf<"logPredictions">(outcome) ?? { ok: true, inserted: lines.length };
  }

  /** Resolves when the calls whose input is still being read have reached the outbox or are refused. */
  async acceptedAll(): Promise<void> {
    while (this.#accepting.size > 0) {
      await Promise.allSettled(this.#accepting);
      // The calls append their rows before the next turn.
      await nextTurn();
    }
  }

  /** Sends any body to any route. It is not mirrored: null where it was not sent. */
  async post(path: string, body: unknown): Promise<unknown> {
    this.#refuseIfClosed();
    if (typeof path !== "string" || !/^\/[\x21-\x7e]*$/.test(path)) {
      throw new EvsysValidationError("post", [
        issueAt(
          ["path"],
          `expected a path that starts with "/", of printable ASCII without spaces, got ${shown(path)}`,
        ),
      ]);
    }
    const text = body === undefined ? undefined : jsonOf("post", body);
    const answer = await this.outbox.post({
      path,
      ids: {},
      body: text,
      idempotencyKey: randomUUID(),
      promised: undefined,
    });
    if (answer.kind === "away") return null;
    if (answer.kind !== "delivered") throw errorOfAnswer({ ...answer.failure, pending: false });
    return answer.body;
  }

  /** No call is taken any more. Says how many values of each series could not be sent, where they were more than announced. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const summary = this.#nonFinite.summary();
    if (summary !== undefined) this.#logger.info(summary);
  }

  async #create<Name extends "createExperiment" | "createRun">(
    name: Name,
    body: unknown,
  ): Promise<{ fields: BodyOf<Name>; key: string; answer: AnswerOf<Name> | undefined }> {
    // Read back from its text, so that what the caller changes while the backend is asked does not get into the mirror.
    const fields = decode(this.#accept(name, body).text) as BodyOf<Name>;
    const key = randomUUID();
    const answer = await this.outbox.request(name, operations[name].entity, fields, key);
    if (answer.kind === "away") return { fields, key, answer: undefined };
    // A create that raises is not kept: its caller has no id to go on with.
    if (answer.kind !== "delivered") throw errorOfAnswer({ ...answer.failure, pending: false });
    return { fields, key, answer: answerOf<Name>({ kind: "delivered", answer: answer.body }) };
  }

  async #patch<Name extends "updateExperiment" | "updateRun">(
    name: Name,
    id: string,
    body: unknown,
    onAccepted?: OnAccepted,
  ): Promise<{ fields: BodyOf<Name>; answer: AnswerOf<Name> | undefined }> {
    const { entity } = operations[name];
    refuseUnsafeId(name, `${entity}_id`, id);
    const { fields, text } = this.#accept(name, body);
    onAccepted?.(text);
    return { fields, answer: answerOf<Name>(await this.outbox.patch(entity, id, fields, randomUUID())) };
  }

  #accept<Name extends OperationName>(name: Name, body: unknown, runId?: string): Accepted<Name> {
    if (operations[name].kind === "row") this.#refuseUnlessOpen(name, runId);
    else this.#refuseIfClosed();
    const schema = name === "logStepMetric" ? stepMetricFields : operations[name].body;
    const accepted = accept(name, body, name, schema);
    this.#nonFinite.add(name, accepted.nonFinite);
    return accepted;
  }

  async #track<Result>(accepting: Promise<Result>): Promise<Result> {
    this.#accepting.add(accepting);
    try {
      return await accepting;
    } finally {
      this.#accepting.delete(accepting);
    }
  }

  #refuseUnlessOpen(name: OperationName, runId: unknown): void {
    this.#refuseIfClosed();
    refuseUnsafeId(name, "run_id", runId);
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new EvsysError("The client is closed; make a new DashboardClient to write on.");
  }
}

/** What the backend answered; undefined where the write is in the mirror alone for now. */
function answerOf<Name extends OperationName>(outcome: Outcome): AnswerOf<Name> | undefined {
  if (outcome.kind === "raised") throw outcome.error;
  // The transport has held the body against this operation's schema.
  return outcome.kind === "delivered" ? (outcome.answer as AnswerOf<Name>) : undefined;
}
