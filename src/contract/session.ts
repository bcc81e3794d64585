import { type EntityKind, type OperationName, ROUTES, type Route } from "../api/routes.js";
import type { Call, Caller, Reply, Silence } from "./caller.js";
import { type Documented, hasId } from "./document.js";
import type { Finding } from "./finding.js";
import { idIn, MAKERS, makes } from "./ids.js";
import { isAnswer, isSuccess, type Judge } from "./judge.js";
import { absenceIn } from "./presence.js";
import type { Records } from "./records.js";
import { type Extent, Sampler } from "./sample.js";

/** How many requests to a route may stay without an answer before it is left alone: each costs a whole timeout. */
const MOST_SILENCES = 2;

/** What a session is made of. */
export interface SessionParts {
  readonly documented: Documented;
  readonly judge: Judge;
  readonly caller: Caller;
  readonly records: Records;
  readonly projectId: string | undefined;
}

/** One thing to find out about a route. */
export interface Check {
  readonly operation: OperationName;
  readonly name: string;
  /** Finds it out. */
  run(session: Session): Promise<Finding>;
}

/** A check that cannot be made, and why. */
export class NotTested extends Error {}

/** Why checks are not made that were to be. */
export const STOPPED = "the checks were stopped";
const LIMITED = "the backend limits the rate (429)";

/** What the checks of one backend share: what was made, what was accepted, who does not answer. */
export class Session {
  readonly documented: Documented;
  readonly judge: Judge;
  readonly #parts: SessionParts;
  readonly #signal: AbortSignal | undefined;
  readonly #ids = new Map<EntityKind, string>();
  readonly #silences = new Map<OperationName, number>();
  readonly #accepted = new Map<OperationName, Extent>();
  #gone: string | undefined;
  #isKnown = false;
  #isKeyRefused = false;
  #absence: string | undefined;

  constructor(parts: SessionParts, signal: AbortSignal | undefined) {
    this.documented = parts.documented;
    this.judge = parts.judge;
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Why the backend cannot be reached; undefined as long as it answers anything. */
  get gone(): string | undefined {
    return this.#gone;
  }

  /** Whether the backend has refused the key of the first request. */
  get isKeyRefused(): boolean {
    return this.#isKeyRefused;
  }

  /** What to do where the first answer was none of the SDK's routes; undefined where they are there. */
  get absence(): string | undefined {
    return this.#absence;
  }

  /** Why no further check is made; undefined as long as they go on. */
  get over(): string | undefined {
    if (this.#gone !== undefined) return `the backend could not be reached: ${this.#gone}`;
    if (this.#isKeyRefused) return "the backend refused the key";
    if (this.#absence !== undefined) return "there is no backend to test at this address";
    return this.#signal?.aborted === true ? STOPPED : undefined;
  }

  /**
   * Sends a request and notes what came of it.
   * @throws NotTested where the checks were told to stop, or the backend does not let us.
   */
  async send(call: Call): Promise<Reply> {
    if (this.#signal?.aborted) throw new NotTested(STOPPED);
    const { caller, records } = this.#parts;
    const reply = await caller.post(call);
    this.#noteFirst(reply);
    if (call.operation === "createExperiment" && this.#absence === undefined) records.note(call, reply);
    if (!isAnswer(reply)) await this.#noteSilence(call.operation, reply);
    else if (reply.status === 429) throw new NotTested(LIMITED);
    return reply;
  }

  /** Notes that a request was taken which the document allows: others build on it. */
  accept({ operation }: Call, reply: Reply, extent: Extent): void {
    if (!isAnswer(reply) || !isSuccess(reply)) return;
    const [kind, id] = [makes(operation), idIn(operation, reply.body)];
    if (kind !== undefined && id !== undefined && !this.#ids.has(kind)) this.#ids.set(kind, id);
    if (!this.#accepted.has(operation)) this.#accepted.set(operation, extent);
  }

  /** The first id that was made of a kind. */
  id(kind: EntityKind): string | undefined {
    return this.#ids.get(kind);
  }

  /** How much of a body the backend has taken; undefined where it has taken none. */
  accepted(operation: OperationName): Extent | undefined {
    return this.#accepted.get(operation);
  }

  /** Whether a route has left so many requests without an answer that no more are sent to it. */
  isSilent(operation: OperationName): boolean {
    return (this.#silences.get(operation) ?? 0) >= MOST_SILENCES;
  }

  /** A request that fits the document, about what has been made so far. */
  call(operation: OperationName, extent: Extent): Call {
    const { references = {}, entity }: Route = ROUTES[operation];
    const { documented, records, projectId } = this.#parts;
    const { body, example } = documented.route(operation);
    const given = new Map<string, unknown>([
      ["experiment_name", records.nextName()],
      ["project_id", projectId],
      ["is_valid", false],
      ...Object.entries(references).map(([field, kind]): [string, unknown] => [field, this.#ids.get(kind)]),
    ]);
    const id = hasId(operation) ? (this.#ids.get(entity) ?? "") : "";
    return { operation, id, body: new Sampler(documented.schemas, extent, given).value(body, example) };
  }

  /** Why a request cannot be made; undefined where it can. */
  obstacle(operation: OperationName): string | undefined {
    const needed = this.#needed(operation).find((kind) => !this.#ids.has(kind));
    return needed === undefined ? undefined : `it needs ${article(needed)}, and ${MAKERS[needed]} answered no id`;
  }

  /** The fields that cannot be sent, because what they refer to was given no id. */
  unsent(operation: OperationName): string[] {
    const { references = {} }: Route = ROUTES[operation];
    return Object.keys(references).filter((field) => {
      const kind = references[field];
      return kind !== undefined && !this.#ids.has(kind);
    });
  }

  #needed(operation: OperationName): EntityKind[] {
    const { references = {}, entity }: Route = ROUTES[operation];
    const { body } = this.documented.route(operation);
    const { required = [] } = this.documented.schemas.flat(body);
    const referred = Object.entries(references).flatMap(([field, kind]) => (required.includes(field) ? [kind] : []));
    return hasId(operation) ? [entity, ...referred] : referred;
  }

  /** Whoever answers the first request tells by it whether the others are worth sending. */
  #noteFirst(reply: Reply): void {
    if (this.#isKnown || !isAnswer(reply)) return;
    this.#isKnown = true;
    this.#isKeyRefused = reply.status === 401 || reply.status === 403;
    if (!this.#isKeyRefused) this.#absence = absenceIn(reply);
  }

  /** Tells a route that does not answer from a backend that does not: a request that writes nothing asks for any answer. */
  async #noteSilence(operation: OperationName, { reason }: Silence): Promise<void> {
    this.#silences.set(operation, (this.#silences.get(operation) ?? 0) + 1);
    const probe = { operation: "createExperiment", id: "", body: {}, apiKey: "wrong" } as const;
    const reply = await this.#parts.caller.post(probe);
    if (isAnswer(reply)) this.#parts.records.note(probe, reply);
    else this.#gone = reason;
  }
}

function article(kind: EntityKind): string {
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}
