import { type EntityKind, type OperationName, ROUTES, type Route } from "../api/routes.js";
import { absentHintOf } from "./absent-hint.js";
import { type ApiSchema, hasId } from "./api-schema.js";
import type { Caller, CallResult, CheckRequest, NoResponse } from "./caller.js";
import type { Finding } from "./finding.js";
import { CREATED_BY, createdKind, idIn } from "./ids.js";
import type { Records } from "./records.js";
import { isResponse, isSuccess, type ResponseChecker } from "./response-checker.js";
import { type Extent, Sampler } from "./sample.js";

/** After this many requests without a response a route is skipped, because each costs a whole timeout. */
const MAX_NO_RESPONSES = 2;

export interface SessionParts {
  readonly schema: ApiSchema;
  readonly checker: ResponseChecker;
  readonly caller: Caller;
  readonly records: Records;
  readonly projectId: string | undefined;
}

/** One check of a route. */
export interface ContractCheck {
  readonly operation: OperationName;
  readonly name: string;
  run(session: CheckSession): Promise<Finding>;
}

/** A check cannot be performed; the message is the reason. */
export class NotTested extends Error {}

export const STOPPED = "the checks were stopped";
const RATE_LIMITED = "the backend limits the rate (429)";

/** The shared state of all checks of a backend: created entities, accepted bodies, unresponsive routes. */
export class CheckSession {
  readonly schema: ApiSchema;
  readonly checker: ResponseChecker;
  readonly #parts: SessionParts;
  readonly #signal: AbortSignal | undefined;
  readonly #ids = new Map<EntityKind, string>();
  readonly #noResponses = new Map<OperationName, number>();
  readonly #accepted = new Map<OperationName, Extent>();
  #unreachable: string | undefined;
  #isKnown = false;
  #isKeyRejected = false;
  #absentHint: string | undefined;

  constructor(parts: SessionParts, signal: AbortSignal | undefined) {
    this.schema = parts.schema;
    this.checker = parts.checker;
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Why the backend cannot be reached; undefined as long as it responds. */
  get unreachable(): string | undefined {
    return this.#unreachable;
  }

  /** Whether the backend rejected the API key on the first request. */
  get isKeyRejected(): boolean {
    return this.#isKeyRejected;
  }

  /** A hint if the first response did not come from the SDK's routes; undefined otherwise. */
  get absentHint(): string | undefined {
    return this.#absentHint;
  }

  /** Why the checks have stopped; undefined while they continue. */
  get stopReason(): string | undefined {
    if (this.#unreachable !== undefined) return `the backend could not be reached: ${this.#unreachable}`;
    if (this.#isKeyRejected) return "the backend rejected the API key";
    if (this.#absentHint !== undefined) return "there is no backend to test at this address";
    return this.#signal?.aborted === true ? STOPPED : undefined;
  }

  /**
   * Sends a request and records its result.
   * @throws NotTested if the checks were stopped or the backend limits the rate.
   */
  async send(call: CheckRequest): Promise<CallResult> {
    if (this.#signal?.aborted) throw new NotTested(STOPPED);
    const { caller, records } = this.#parts;
    const reply = await caller.post(call);
    this.#recordFirst(reply);
    if (call.operation === "createExperiment" && this.#absentHint === undefined) records.note(call, reply);
    if (!isResponse(reply)) await this.#recordNoResponse(call.operation, reply);
    else if (reply.status === 429) throw new NotTested(RATE_LIMITED);
    return reply;
  }

  /** Records an accepted request, on which other checks build. */
  accept({ operation }: CheckRequest, reply: CallResult, extent: Extent): void {
    if (!isResponse(reply) || !isSuccess(reply)) return;
    const [kind, id] = [createdKind(operation), idIn(operation, reply.body)];
    if (kind !== undefined && id !== undefined && !this.#ids.has(kind)) this.#ids.set(kind, id);
    if (!this.#accepted.has(operation)) this.#accepted.set(operation, extent);
  }

  /** The id of the first created entity of a kind. */
  id(kind: EntityKind): string | undefined {
    return this.#ids.get(kind);
  }

  /** The extent of the first accepted body; undefined if none was accepted. */
  accepted(operation: OperationName): Extent | undefined {
    return this.#accepted.get(operation);
  }

  /** Whether a route has failed to respond so often that it is skipped. */
  isUnresponsive(operation: OperationName): boolean {
    return (this.#noResponses.get(operation) ?? 0) >= MAX_NO_RESPONSES;
  }

  /** A valid request that refers to the entities created so far. */
  call(operation: OperationName, extent: Extent): CheckRequest {
    const { references = {}, entity }: Route = ROUTES[operation];
    const { schema, records, projectId } = this.#parts;
    const { body, example } = schema.route(operation);
    const given = new Map<string, unknown>([
      ["experiment_name", records.nextName()],
      ["project_id", projectId],
      ["is_valid", false],
      ...Object.entries(references).map(([field, kind]): [string, unknown] => [field, this.#ids.get(kind)]),
    ]);
    const id = hasId(operation) ? (this.#ids.get(entity) ?? "") : "";
    return { operation, id, body: new Sampler(schema.schemas, extent, given).value(body, example) };
  }

  /** Why a request to a route is not possible; undefined if it is. */
  whyNotTestable(operation: OperationName): string | undefined {
    const needed = this.#needed(operation).find((kind) => !this.#ids.has(kind));
    return needed === undefined ? undefined : `it needs ${article(needed)}, and ${CREATED_BY[needed]} returned no id`;
  }

  /** The fields that cannot be sent, because the entity they refer to has no id. */
  unsent(operation: OperationName): string[] {
    const { references = {} }: Route = ROUTES[operation];
    return Object.keys(references).filter((field) => {
      const kind = references[field];
      return kind !== undefined && !this.#ids.has(kind);
    });
  }

  #needed(operation: OperationName): EntityKind[] {
    const { references = {}, entity }: Route = ROUTES[operation];
    const { body } = this.schema.route(operation);
    const { required = [] } = this.schema.schemas.flat(body);
    const referred = Object.entries(references).flatMap(([field, kind]) => (required.includes(field) ? [kind] : []));
    return hasId(operation) ? [entity, ...referred] : referred;
  }

  /** The first response decides whether the checks continue. */
  #recordFirst(reply: CallResult): void {
    if (this.#isKnown || !isResponse(reply)) return;
    this.#isKnown = true;
    this.#isKeyRejected = reply.status === 401 || reply.status === 403;
    if (!this.#isKeyRejected) this.#absentHint = absentHintOf(reply);
  }

  /** Distinguishes an unresponsive route from an unresponsive backend with a request that writes nothing. */
  async #recordNoResponse(operation: OperationName, { reason }: NoResponse): Promise<void> {
    this.#noResponses.set(operation, (this.#noResponses.get(operation) ?? 0) + 1);
    const probe = { operation: "createExperiment", id: "", body: {}, apiKey: "wrong" } as const;
    const reply = await this.#parts.caller.post(probe);
    if (isResponse(reply)) this.#parts.records.note(probe, reply);
    else this.#unreachable = reason;
  }
}

function article(kind: EntityKind): string {
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}
