import { randomUUID } from "node:crypto";
import { finiteStepLine } from "../api/finite-step.js";
import { encode } from "../api/lossless-json.js";
import { type ResponseOf, ROUTES, type RowAdded } from "../api/routes.js";
import type { Config } from "../config.js";
import { EvsysValidationError, errorOfResponse } from "../errors.js";
import { type Logger, SILENT_LOGGER } from "../logger.js";
import type { LocalExperimentStore } from "../store/store.js";
import { preview } from "../util/preview.js";
import { issueAt } from "../util/validation.js";
import { jsonOf } from "./accept.js";
import { CallInput, type OnAccepted } from "./call-input.js";
import { DisabledOutbox, type WriteOutbox } from "./disabled-outbox.js";
import { EntityWrites } from "./entity-writes.js";
import { Outbox } from "./outbox.js";
import { responseOf, type Settlement } from "./waiter.js";

/** The eight writes: each is validated, goes through the outbox, and returns the response that the schema defines. */
export class Delivery {
  readonly outbox: WriteOutbox;
  readonly input: CallInput;
  readonly entities: EntityWrites;

  constructor(config: Config, logger: Logger, store: LocalExperimentStore) {
    this.input = new CallInput(config.disabled ? SILENT_LOGGER : logger);
    this.outbox = config.disabled ? new DisabledOutbox(config) : new Outbox(config, logger, store);
    this.entities = new EntityWrites(this.outbox, this.input);
  }

  /** Called once per training step: a step of finite numbers takes a fast path, with one promise for the whole call. */
  logStepMetric(
    runId: string,
    body: unknown,
    timeoutMs?: number,
    onAccepted?: OnAccepted,
  ): Promise<ResponseOf<"logStepMetric">> {
    try {
      this.input.assertWritable("logStepMetric", runId);
      const text = finiteStepLine(body) ?? this.input.accept("logStepMetric", body).text;
      onAccepted?.(text);
      return this.outbox.append("metrics", runId, text, { timeoutMs, respond: respondToStep });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Adds an eval or a checkpoint with an id, which other rows may name before the backend has its own for it. */
  async addRow<Name extends "createEval" | "addCheckpoint">(
    name: Name,
    runId: string,
    body: unknown,
    timeoutMs?: number,
    onAccepted?: OnAccepted,
  ): Promise<RowAdded<Name>> {
    this.input.assertWritable(name, runId);
    const { fields, text } = this.input.accept(name, body);
    onAccepted?.(text);
    const row = Object.assign({ id: randomUUID() }, fields);
    this.outbox.expectRowId(name === "createEval" ? "eval" : "checkpoint", row.id);
    const respond = (settlement: Settlement): RowAdded<Name> => {
      const response = responseOf<"createEval" | "addCheckpoint">(settlement);
      return Object.assign({}, row, response, { ok: true, id: response?.id ?? row.id } as const);
    };
    return this.outbox.append(ROUTES[name].stream, runId, encode(row), { timeoutMs, respond });
  }

  async logPredictions(runId: string, given: unknown, timeoutMs?: number): Promise<ResponseOf<"logPredictions">> {
    this.input.assertWritable("logPredictions", runId);
    const accepting = this.input.predictions(given);
    const { batches } = accepting instanceof Promise ? await accepting : accepting;
    const [first] = batches;
    if (first === undefined) return { ok: true, inserted: 0 };
    const inserted = batches.reduce((sum, { rows }) => sum + rows, 0);
    const respond = (settlement: Settlement): ResponseOf<"logPredictions"> =>
      responseOf<"logPredictions">(settlement) ?? { ok: true, inserted };
    if (inserted === 1) return this.outbox.append("predictions", runId, first.text, { timeoutMs, respond });
    return this.outbox.appendBatches("predictions", runId, batches, { timeoutMs, respond });
  }

  /** Sends any body to any route. It is not mirrored: null if it was not sent. */
  async post(path: string, body: unknown): Promise<unknown> {
    this.input.assertOpen();
    if (typeof path !== "string" || !/^\/[\x21-\x7e]*$/.test(path)) {
      const expected = `expected a path that starts with "/", of printable ASCII without spaces, got ${preview(path)}`;
      throw new EvsysValidationError("post", [issueAt(["path"], expected)]);
    }
    const text = body === undefined ? undefined : jsonOf("post", body);
    const outcome = await this.outbox.direct.post(path, text, randomUUID());
    if (outcome === undefined || outcome.kind === "unavailable") return null;
    if (outcome.kind !== "delivered") throw errorOfResponse({ ...outcome.failure, pending: false });
    return outcome.body;
  }
}

function respondToStep(settlement: Settlement): ResponseOf<"logStepMetric"> {
  return responseOf<"logStepMetric">(settlement) ?? { ok: true };
}
