import type { OperationName } from "../api/routes.js";
import type { Config } from "../config.js";
import type { Outcome } from "../http/outcome.js";
import type { FolderKind } from "../store/paths.js";
import type { LocalExperimentStore } from "../store/store.js";
import { type RetryPolicy, sendPost, sendWrite } from "./attempt.js";
import { outgoing } from "./outgoing.js";
import type { Scope } from "./scope.js";
import type { Sender } from "./sender.js";

/** Sends the requests of one client that are not mirrored, or not before their response. */
export class DirectRequests {
  readonly #config: Config;
  readonly #sender: Sender;
  readonly #scope: Scope;
  readonly #store: LocalExperimentStore;

  constructor(config: Config, sender: Sender, scope: Scope, store: LocalExperimentStore) {
    this.#config = config;
    this.#sender = sender;
    this.#scope = scope;
    this.#store = store;
  }

  /** Sends a create or a patch that is mirrored afterwards; undefined if it cannot be sent now. */
  async request(
    name: OperationName,
    kind: FolderKind,
    fields: Readonly<Record<string, unknown>>,
    key: string,
    timeoutMs: number | undefined,
    pathIds: Readonly<Record<string, string>> = {},
  ): Promise<Outcome | undefined> {
    const { connection, ids } = this.#sender;
    this.#store.prepare(kind, this.#sender.diskPolicy(this.#store.root));
    const made = outgoing(name, fields, ids);
    if ("waitsFor" in made || this.#config.delivery !== "await" || !connection.isUp) return undefined;
    const request = { name, ids: pathIds, body: JSON.stringify(made.body), key };
    return this.#scope.calls.track(sendWrite(connection, request, this.#policy(timeoutMs)));
  }

  /** Sends any body to any path; undefined if it cannot be sent now. */
  async post(path: string, body: string | undefined, key: string): Promise<Outcome | undefined> {
    const { connection } = this.#sender;
    if (!connection.isUp) return undefined;
    return this.#scope.calls.track(sendPost(connection, path, body, key, this.#policy()));
  }

  #policy(timeoutMs = this.#config.timeoutMs): RetryPolicy {
    return { maxRetries: this.#config.maxRetries, timeoutMs, isAwaited: true, isExtendable: false, isRepeat: false };
  }
}
