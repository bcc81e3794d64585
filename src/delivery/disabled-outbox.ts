import { setImmediate as nextTurn } from "node:timers/promises";
import type { Config } from "../config.js";
import { type BackendApi, createBackendApi } from "../http/backend.js";
import { now } from "../util/clock.js";
import { Turns } from "../util/turns.js";
import { Counters, type SyncReport } from "./counters.js";
import type { Outbox, OutboxCall } from "./outbox.js";
import type { DeliveryStatus } from "./status.js";
import { SKIPPED } from "./waiter.js";

/** The methods of an outbox that a client uses. */
export type WriteOutbox = Pick<Outbox, Exclude<keyof Outbox, "direct">> & {
  readonly direct: Pick<Outbox["direct"], "request" | "post">;
};

/** The outbox of a disabled client: it accepts writes and keeps none. It touches neither the disk nor the network. */
export class DisabledOutbox implements WriteOutbox {
  readonly api: BackendApi["api"];
  readonly status: DeliveryStatus = { remote: "offline", pending: 0, rejected: 0 };
  readonly direct = { request: async () => undefined, post: async () => undefined };
  readonly turns = new Turns();

  constructor(config: Config) {
    // It rejects every request of an offline client, and opens no connection before.
    this.api = createBackendApi(config).api;
  }

  expectRowId(): void {}

  keep(): void {}

  keepPatch(): void {}

  patch<Result>(
    _kind: unknown,
    _id: unknown,
    _fields: unknown,
    _key: unknown,
    call: OutboxCall<Result>,
  ): Promise<Result> {
    return this.#respond(call);
  }

  append<Result>(_stream: unknown, _runId: unknown, _line: unknown, call: OutboxCall<Result>): Promise<Result> {
    return this.#respond(call);
  }

  appendBatches<Result>(
    _stream: unknown,
    _runId: unknown,
    _batches: unknown,
    call: OutboxCall<Result>,
  ): Promise<Result> {
    return this.#respond(call);
  }

  async flush(): Promise<SyncReport> {
    return new Counters().report(0, 0, {});
  }

  close(): Promise<SyncReport> {
    return this.flush();
  }

  async #respond<Result>({ respond }: OutboxCall<Result>): Promise<Result> {
    if (this.turns.takeTurn(now())) await nextTurn();
    return respond(SKIPPED);
  }
}
