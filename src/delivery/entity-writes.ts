import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Entity } from "../../generated/types.js";
import { decode } from "../api/lossless-json.js";
import { type BodyOf, type Created, type ResponseOf, ROUTES } from "../api/routes.js";
import { errorOfResponse } from "../errors.js";
import { assertSafeId } from "../store/paths.js";
import { now } from "../util/clock.js";
import type { CallInput, OnAccepted } from "./call-input.js";
import type { WriteOutbox } from "./disabled-outbox.js";
import { responseOf } from "./waiter.js";

const UNKNOWN_RUN =
  "If another mirror created this run offline, sync that mirror first, or resume the run offline and sync both together. Otherwise check the id.";

/** The creates and patches of experiments and runs. */
export class EntityWrites {
  readonly #outbox: WriteOutbox;
  readonly #input: CallInput;

  constructor(outbox: WriteOutbox, input: CallInput) {
    this.#outbox = outbox;
    this.#input = input;
  }

  createExperiment(body: unknown, timeoutMs?: number): Promise<Created<"createExperiment">> {
    return this.#create("createExperiment", body, timeoutMs, ({ experiment }) => experiment);
  }

  /** `ownsExperiment`: the run began with its experiment, and ends it, also when it is resumed. */
  createRun(body: unknown, timeoutMs?: number, ownsExperiment = false): Promise<Created<"createRun">> {
    return this.#create("createRun", body, timeoutMs, ({ run }) => run, ownsExperiment);
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
   * Patches a run that is being resumed. If this mirror has nothing of the run, the patch is mirrored only if the backend
   * does not reject it: a wrong id leaves no trace.
   */
  async resumeRun(id: string, patch: unknown, isMirrored: boolean): Promise<void> {
    if (isMirrored) {
      await this.updateRun(id, patch);
      return;
    }
    this.#input.assertWritable("updateRun", id);
    const { fields } = this.#input.accept("updateRun", patch);
    const key = randomUUID();
    const outcome = await this.#outbox.direct.request("updateRun", "run", fields, key, undefined, { run_id: id });
    if (outcome?.kind === "rejected" || outcome?.kind === "blocked") {
      const hint = outcome.failure.status === 404 ? { hint: UNKNOWN_RUN } : {};
      throw errorOfResponse({ ...outcome.failure, ...hint, pending: false });
    }
    this.#outbox.keepPatch("run", id, key, fields, outcome);
  }

  async #create<Name extends "createExperiment" | "createRun">(
    name: Name,
    body: unknown,
    timeoutMs: number | undefined,
    storedRow: (response: ResponseOf<Name>) => Entity,
    ownsExperiment = false,
  ): Promise<Created<Name>> {
    this.#input.assertOpen();
    // Parsed from its text, so that changes that the caller makes during the request do not get into the mirror.
    const fields = decode(this.#input.accept(name, body).text) as BodyOf<Name>;
    const { entity } = ROUTES[name];
    const key = randomUUID();
    const outcome = await this.#outbox.direct.request(name, entity, fields, key, timeoutMs);
    const isDelivered = outcome?.kind === "delivered";
    // A create that throws is not kept: its caller has no id to continue with.
    if (outcome?.kind === "rejected" || outcome?.kind === "blocked") {
      throw errorOfResponse({ ...outcome.failure, pending: false });
    }
    const response = isDelivered ? responseOf<Name>({ kind: "delivered", body: outcome.body }) : undefined;
    const stored: Partial<Entity> = response === undefined ? {} : storedRow(response);
    const row = Object.assign({}, fields, { id: key }, stored);
    this.#outbox.keep(entity, row.id, { key, fields, ownsExperiment }, outcome);
    if (!isDelivered && this.#outbox.turns.takeTurn(now())) await nextTurn();
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
    this.#input.assertOpen();
    const { entity } = ROUTES[name];
    assertSafeId(name, `${entity}_id`, id);
    const { fields, text } = this.#input.accept(name, body);
    onAccepted?.(text);
    return this.#outbox.patch(entity, id, fields, randomUUID(), {
      timeoutMs,
      respond: (settlement) => responseOf<Name>(settlement) ?? localResponse(Object.keys(fields)),
    });
  }
}
