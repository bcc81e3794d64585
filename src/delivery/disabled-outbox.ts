import { setImmediate as nextTurn } from "node:timers/promises";
import type { Config } from "../config.js";
import { type BackendApi, createBackendApi } from "../http/backend.js";
import { now } from "../util/clock.js";
import { Turns } from "../util/turns.js";
import { Counters, type SyncReport } from "./counters.js";
import { SKIPPED } from "./entry.js";
import type { Call, DeliveryStatus, Outbox } from "./outbox.js";

/** What a client does with its writes. */
export type WriteOutbox = Pick<Outbox, keyof Outbox>;

/** The outbox of a disabled client: it answers writes and keeps none. It touches neither the disk nor the network. */
export class DisabledOutbox implements WriteOutbox {
  readonly api: BackendApi["api"];
  readonly status: DeliveryStatus = { remote: "offline", pending: 0, rejected: 0 };
  readonly #turns = new Turns();

  constructor(config: Config) {
    // It refuses every request of a client that is offline, and opens nothing before.
    this.api = createBackendApi(config).api;
  }

  expectRowId(): void {}

  keep(): void {}

  keepPatch(): void {}

  keepErrorStack(): void {}

  async request(): Promise<undefined> {}

  async post(): Promise<undefined> {}

  patch<Result>(_kind: unknown, _id: unknown, _fields: unknown, _key: unknown, call: Call<Result>): Promise<Result> {
    return this.#respond(call);
  }

  append<Result>(_stream: unknown, _runId: unknown, _line: unknown, call: Call<Result>): Promise<Result> {
    return this.#respond(call);
  }

  appendBatches<Result>(_stream: unknown, _runId: unknown, _batches: unknown, call: Call<Result>): Promise<Result> {
    return this.#respond(call);
  }

  async flush(): Promise<SyncReport> {
    return new Counters().report(0, 0, {});
  }

  close(): Promise<SyncReport> {
    return this.flush();
  }

  takeTurn(time: number): boolean {
    return this.#turns.takeTurn(time);
  }

  async #respond<Result>({ respond }: Call<Result>): Promise<Result> {
    if (this.takeTurn(now())) await nextTurn();
    return respond(SKIPPED);
  }
}
