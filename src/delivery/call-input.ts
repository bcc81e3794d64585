import { setImmediate as nextTurn } from "node:timers/promises";
import { stepMetricFields } from "../api/inputs.js";
import { type OperationName, ROUTES } from "../api/routes.js";
import { EvsysError } from "../errors.js";
import type { Logger } from "../logger.js";
import { assertSafeId } from "../store/paths.js";
import { InFlight } from "../util/in-flight.js";
import { type Accepted, accept } from "./accept.js";
import { type AcceptedPredictions, acceptPredictions } from "./accept-predictions.js";
import { NonFiniteCounts } from "./non-finite.js";

/**
 * Called with the JSON text of a write's fields once the write is accepted: after validation, before anything is awaited. A
 * rejected write does not call it.
 */
export type OnAccepted = (text: string) => void;

/** Validates what the calls of a client are given, until the client is closed. Counts the values that are not sent. */
export class CallInput {
  readonly #logger: Logger;
  readonly #nonFinite: NonFiniteCounts;
  /** Input that is being read in chunks. */
  readonly #reading = new InFlight();
  #isClosed = false;
  /** The last valid run id: most calls are for the same run as the one before. */
  #lastRunId: unknown;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#nonFinite = new NonFiniteCounts(logger);
  }

  /** @throws EvsysError if the client is closed. */
  assertOpen(): void {
    if (this.#isClosed) throw new EvsysError("The client is closed. Create a new DashboardClient.");
  }

  /** @throws EvsysError if the client is closed, EvsysValidationError if the id is invalid. */
  assertWritable(name: OperationName, runId: unknown): void {
    this.assertOpen();
    if (runId !== undefined && runId === this.#lastRunId) return;
    assertSafeId(name, "run_id", runId);
    this.#lastRunId = runId;
  }

  /** @throws EvsysValidationError naming each invalid field. */
  accept<Name extends OperationName>(name: Name, body: unknown): Accepted<Name> {
    const schema = name === "logStepMetric" ? stepMetricFields : ROUTES[name].body;
    const accepted = accept(name, body, name, schema);
    this.#nonFinite.add(name, accepted.nonFinite);
    return accepted;
  }

  /** Many predictions are read in chunks, with a turn of the event loop after each. */
  predictions(given: unknown): AcceptedPredictions | Promise<AcceptedPredictions> {
    const accepting = acceptPredictions(given);
    if (!(accepting instanceof Promise)) return this.#counted(accepting);
    return this.#reading.track(accepting.then((accepted) => this.#counted(accepted)));
  }

  /** Resolves when the calls whose input is still being read have reached the outbox or are rejected. */
  async readAll(): Promise<void> {
    while (!this.#reading.isIdle) {
      await this.#reading.whenIdle();
      // The calls append their rows before the next turn.
      await nextTurn();
    }
  }

  /** Accepts no further call. Logs how many values of each series were not sent, beyond those in the warnings. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const summary = this.#nonFinite.summary();
    if (summary !== undefined) this.#logger.info(summary);
  }

  #counted(accepted: AcceptedPredictions): AcceptedPredictions {
    this.#nonFinite.add("logPredictions", accepted.nonFinite);
    return accepted;
  }
}
