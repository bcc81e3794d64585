import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { finiteStepLine } from "../api/finite-step.js";
import { stepMetricFields } from "../api/inputs.js";
import { decode, encode } from "../api/lossless-json.js";
import {
  type BodyOf,
  type Created,
  type OperationName,
  type ResponseOf,
  ROUTES,
  type RowAdded,
} from "../api/routes.js";
import type { Config } from "../config.js";
import { EvsysError, EvsysValidationError, errorOfResponse } from "../errors.js";
import { type Logger, SILENT_LOGGER } from "../logger.js";
import { assertSafeId } from "../store/paths.js";
import type { LocalExperimentStore } from "../store/store.js";
import { now } from "../util/clock.js";
import { issueAt, preview } from "../util/validation.js";
import { type Accepted, accept, jsonOf } from "./accept.js";
import { acceptPredictions } from "./accept-predictions.js";
import { DisabledOutbox, type WriteOutbox } from "./disabled-outbox.js";
import type { Settlement } from "./entry.js";
import { NonFiniteCounts } from "./non-finite.js";
import { Outbox } from "./outbox.js";

/**
 * Called with the JSON text of a write's fields once the write is accepted: after validation, before anything is awaited. A
 * rejected write does not call it.
 */
export type OnAccepted = (text: string) => void;

const UNKNOWN_RUN =
  ". If another mirror created this run offline, sync that mirror first, or resume the run offline and sync both together. Otherwise check the id";

/** The eight writes: each is validated, goes through the outbox, and returns what the schema says. */
export class Delivery {
  readonly outbox: WriteOutbox;
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #nonFinite: NonFiniteCounts;
  /** Calls whose input is being read in chunks. */
  readonly #accepting = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(config: Config, logger: Logger, store: LocalExperimentStore) {
    this.#config = config;
    this.#logger = logger;
    this.#nonFinite = new NonFiniteCounts(config.disabled ? SILENT_LOGGER : logger);
    this.outbox = config.disabled ? new DisabledOutbox(config) : new Outbox(config, logger, store);
  }

  createExperiment(body: unknown, timeoutMs?: number): Promise<Created<"createExperiment">> {
    return this.#create("createExperiment", body, timeoutMs, (fields, key, response) =>
      Object.assign({}, fields, { id: key }, response?.experiment),
    );
  }

  /** `ownsExperiment`: the run began with its experiment, and ends it, also when it is resumed. */
  createRun(body: unknown, timeoutMs?: number, ownsExperiment = false): Promise<Created<"createRun">> {
    return this.#create(
      "createRun",
      body,
      timeoutMs,
      (fields, key, response) => Object.assign({}, fields, { id: key }, response?.run),
      ownsExperiment,
    );
  }

  async updateExperiment(id: string, patch: unknown, timeoutMs?: number): Promise<ResponseOf<"updateExperiment">> {
    return this.#patch("updateExperiment", id, patch, timeoutMs, (patched) => ({ experiment_id: id, patched }));
  }

  async updateRun(
    id: string,
    patch: unknown,
    timeoutMs?: number,
    onAccepted?: OnAccepted,
  ): Promise<ResponseOf<"updateRun">> {
    return this.#patch("updateRun", id, patch, timeoutMs, (patched) => ({ id, patched }), onAccepted);
  }

  /**
   * Patches a run that is being resumed. One that this mirror has nothing of is mirrored only if the backend does not
   * refuse it: a wrong id leaves no trace.
   */
  async resumeRun(id: string, patch: unknown, isMirrored: boolean): Promise<void> {
    if (isMirrored) {
      await this.updateRun(id, patch);
      return;
    }
    this.#refuseUnlessOpen("updateRun", id);
    const { fields } = this.#accept("updateRun", patch);
    const key = randomUUID();
    const outcome = await this.outbox.request("updateRun", "run", fields, key, this.#config.timeoutMs, { run_id: id });
    if (outcome?.kind === "rejected" || outcome?.kind === "blocked") {
      const { reason, status } = outcome.failure;
      const hint = status === 404 ? `${reason}${UNKNOWN_RUN}` : reason;
      throw errorOfResponse({ ...outcome.failure, reason: hint, pending: false });
    }
    this.outbox.keepPatch("run", id, key, fields, outcome);
  }

  /** Called once a training step: a step of finite numbers takes a short way, and one promise serves the whole call. */
  logStepMetric(
    runId: string,
    body: unknown,
    timeoutMs = this.#config.timeoutMs,
    onAccepted?: OnAccepted,
  ): Promise<ResponseOf<"logStepMetric">> {
    try {
      this.#refuseUnlessOpen("logStepMetric", runId);
      const text = finiteStepLine(body) ?? this.#accept("logStepMetric", body).text;
      onAccepted?.(text);
      return this.outbox.append("metrics", runId, text, { timeoutMs, respond: respondToStep });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async createEval(
    runId: string,
    body: unknown,
    timeoutMs = this.#config.timeoutMs,
    onAccepted?: OnAccepted,
  ): Promise<RowAdded<"createEval">> {
    this.#refuseUnlessOpen("createEval", runId);
    const { fields, text } = this.#accept("createEval", body);
    onAccepted?.(text);
    const row = { id: randomUUID(), ...fields };
    this.outbox.expectRowId("eval", row.id);
    const respond = (settlement: Settlement): RowAdded<"createEval"> => {
      const response = responseOf<"createEval">(settlement);
      return Object.assign({}, row, response, { ok: true, id: response?.id ?? row.id } as const);
    };
    return this.outbox.append("evals", runId, encode(row), { timeoutMs, respond });
  }

  async addCheckpoint(
    runId: string,
    body: unknown,
    timeoutMs = this.#config.timeoutMs,
  ): Promise<RowAdded<"addCheckpoint">> {
    this.#refuseUnlessOpen("addCheckpoint", runId);
    const row = { id: randomUUID(), ...this.#accept("addCheckpoint", body).fields };
    this.outbox.expectRowId("checkpoint", row.id);
    const respond = (settlement: Settlement): RowAdded<"addCheckpoint"> => {
      const response = responseOf<"addCheckpoint">(settlement);
      return Object.assign({}, row, response, { ok: true, id: response?.id ?? row.id } as const);
    };
    return this.outbox.append("checkpoints", runId, encode(row), { timeoutMs, respond });
  }

  async logPredictions(
    runId: string,
    given: unknown,
    timeoutMs = this.#config.timeoutMs,
  ): Promise<ResponseOf<"logPredictions">> {
    this.#refuseUnlessOpen("logPredictions", runId);
    const accepting = acceptPredictions("logPredictions", given);
    const { batches, nonFinite } = accepting instanceof Promise ? await this.#track(accepting) : accepting;
    const [first] = batches;
    if (first === undefined) return { ok: true, inserted: 0 };
    this.#nonFinite.add("logPredictions", nonFinite);
    const inserted = batches.reduce((sum, { rows }) => sum + rows, 0);
    const respond = (settlement: Settlement): ResponseOf<"logPredictions"> =>
      responseOf<"logPredictions">(settlement) ?? { ok: true, inserted };
    if (inserted === 1) return this.outbox.append("predictions", runId, first.text, { timeoutMs, respond });
    return this.outbox.appendBatches("predictions", runId, batches, { timeoutMs, respond });
  }

  /** Resolves when the calls whose input is still being read have reached the outbox or are refused. */
  async acceptedAll(): Promise<void> {
    while (this.#accepting.size > 0) {
      await Promise.allSettled(this.#accepting);
      // The calls append their rows before the next turn.
      await nextTurn();
    }
  }

  /** Sends any body to any route. It is not mirrored: null if it was not sent. */
  async post(path: string, body: unknown, timeoutMs = this.#config.timeoutMs): Promise<unknown> {
    this.#refuseIfClosed();
    if (typeof path !== "string" || !/^\/[\x21-\x7e]*$/.test(path)) {
      const expected = `expected a path that starts with "/", of printable ASCII without spaces, got ${preview(path)}`;
      throw new EvsysValidationError("post", [issueAt(["path"], expected)]);
    }
    const text = body === undefined ? undefined : jsonOf("post", body);
    const outcome = await this.outbox.post(path, text, randomUUID(), timeoutMs);
    if (outcome === undefined || outcome.kind === "unavailable") return null;
    if (outcome.kind !== "delivered") throw errorOfResponse({ ...outcome.failure, pending: false });
    return outcome.body;
  }

  /** Accepts no further call. Logs how many values of each series were not sent, beyond those in the warnings. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const summary = this.#nonFinite.summary();
    if (summary !== undefined) this.#logger.info(summary);
  }

  async #create<Name extends "createExperiment" | "createRun">(
    name: Name,
    body: unknown,
    timeoutMs: number | undefined,
    rowOf: (fields: BodyOf<Name>, key: string, response: ResponseOf<Name> | undefined) => Created<Name>,
    ownsExperiment = false,
  ): Promise<Created<Name>> {
    this.#refuseIfClosed();
    // Read back from its text, so that what the caller changes while the backend is asked does not get into the mirror.
    const fields = decode(this.#accept(name, body).text) as BodyOf<Name>;
    const { entity } = ROUTES[name];
    const key = randomUUID();
    const outcome = await this.outbox.request(name, entity, fields, key, timeoutMs ?? this.#config.timeoutMs);
    const isDelivered = outcome?.kind === "delivered";
    // A create that throws is not kept: its caller has no id to continue with.
    if (outcome?.kind === "rejected" || outcome?.kind === "blocked") {
      throw errorOfResponse({ ...outcome.failure, pending: false });
    }
    const response = isDelivered ? responseOf<Name>({ kind: "delivered", body: outcome.body }) : undefined;
    const row = rowOf(fields, key, response);
    this.outbox.keep(entity, row.id, { key, fields, ownsExperiment }, outcome);
    if (!isDelivered && this.outbox.takeTurn(now())) await nextTurn();
    return row;
  }

  #patch<Name extends "updateExperiment" | "updateRun">(
    name: Name,
    id: string,
    body: unknown,
    timeoutMs: number | undefined,
    localResponse: (patched: string[]) => ResponseOf<Name>,
    onAccepted?: OnAccepted,
  ): Promise<ResponseOf<Name>> {
    this.#refuseIfClosed();
    const { entity } = ROUTES[name];
    assertSafeId(name, `${entity}_id`, id);
    const { fields, text } = this.#accept(name, body);
    onAccepted?.(text);
    return this.outbox.patch(entity, id, fields, randomUUID(), {
      timeoutMs: timeoutMs ?? this.#config.timeoutMs,
      respond: (settlement) => responseOf<Name>(settlement) ?? localResponse(Object.keys(fields)),
    });
  }

  #accept<Name extends OperationName>(name: Name, body: unknown): Accepted<Name> {
    const schema = name === "logStepMetric" ? stepMetricFields : ROUTES[name].body;
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
    assertSafeId(name, "run_id", runId);
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new EvsysError("The client is closed; make a new DashboardClient to write on.");
  }
}

function respondToStep(settlement: Settlement): ResponseOf<"logStepMetric"> {
  return responseOf<"logStepMetric">(settlement) ?? { ok: true };
}

/** The backend's response; undefined if the write is only in the mirror for now. */
function responseOf<Name extends OperationName>(settlement: Settlement): ResponseOf<Name> | undefined {
  if (settlement.kind === "failed") throw settlement.error;
  // The HTTP layer has validated the body against this operation's schema.
  return settlement.kind === "delivered" ? (settlement.body as ResponseOf<Name>) : undefined;
}
