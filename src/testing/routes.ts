import type { ValidateFunction } from "ajv";
import { API_PATH } from "../api-path.js";
import type { BodyOf, OperationName } from "../operations.js";
import { type Answer, jsonAnswer, refusal } from "./answer.js";
import { type Contract, readContract } from "./contract.js";
import { describeProblems } from "./problems.js";
import type { MockState } from "./state.js";

/** A status and a body that still has to be checked against the document. */
interface Result {
  readonly status: number;
  readonly body: object;
}

/** What a route does with a body that fits. `id` is the one in the path, empty where there is none. */
type Write<Name extends OperationName> = (state: MockState, id: string, body: BodyOf<Name>) => Result;

/** A route at work: checks the body, writes, checks its own answer. */
type Handler = (state: MockState, id: string, body: unknown) => Answer;

/** A route that a path was found to be of. */
export type FoundRoute = (state: MockState, body: unknown) => Answer;

/** The routes of the document at work. They hold nothing, so all servers of a process share them. */
export class Routes {
  readonly #contract = readContract();
  readonly #handlers = handlersOf(this.#contract);
  /** Checks an Idempotency-Key. */
  readonly keyFits: ValidateFunction<string> = this.#contract.key();

  /** The route of a URL's path, ready to be called with a state and a body. */
  find(pathname: string): FoundRoute | undefined {
    if (!pathname.startsWith(API_PATH)) return undefined;
    const path = pathname.slice(API_PATH.length);
    for (const { operationId, pattern } of this.#contract.routes) {
      const found = pattern.exec(path);
      if (found === null) continue;
      const handler = this.#handlers.get(operationId);
      if (handler === undefined) return () => refusal(501, `The mock server does not play ${operationId} yet.`);
      return (state, body) => handler(state, decoded(found[1] ?? ""), body);
    }
    return undefined;
  }
}

let loaded: Routes | undefined;

/** The routes of the packaged document, compiled on the first call. */
export function loadRoutes(): Routes {
  loaded ??= new Routes();
  return loaded;
}

function handlersOf(contract: Contract): ReadonlyMap<string, Handler> {
  const handlers = new Map<string, Handler>();

  function on<Name extends OperationName>(name: Name, write: Write<Name>): void {
    const fits = contract.body(name);
    handlers.set(name, (state, id, body) => {
      if (!fits(body)) return checked(contract, name, problem(400, describeProblems(fits.errors)));
      return checked(contract, name, write(state, id, body));
    });
  }

  on("createExperiment", (state, _id, body) => ({ status: 201, body: { experiment: state.addExperiment(body) } }));
  on("updateExperiment", (state, id, body) => {
    if (!state.hasExperiment(id)) return unknownExperiment(id);
    state.patchExperiment(id, body);
    return { status: 200, body: { experiment_id: id, patched: Object.keys(body) } };
  });
  on("createRun", (state, _id, body) => {
    if (!state.hasExperiment(body.experiment_id)) return unknownExperiment(body.experiment_id);
    return { status: 201, body: { run: state.addRun(body) } };
  });
  on("updateRun", (state, id, body) => {
    if (!state.hasRun(id)) return unknownRun(id);
    state.patchRun(id, body);
    return { status: 200, body: { id, patched: Object.keys(body) } };
  });
  on("logStepMetric", (state, id, body) => {
    if (!state.hasRun(id)) return unknownRun(id);
    state.addMetric(id, body);
    return { status: 200, body: { ok: true } };
  });
  on("createEval", (state, id, body) => {
    if (!state.hasRun(id)) return unknownRun(id);
    return { status: 201, body: { ok: true, id: state.addEval(id, body).id } };
  });
  on("addCheckpoint", (state, id, body) => {
    if (!state.hasRun(id)) return unknownRun(id);
    return { status: 201, body: { ok: true, id: state.addCheckpoint(id, body).id } };
  });
  on("logPredictions", (state, id, body) => {
    if (!state.hasRun(id)) return unknownRun(id);
    state.addPredictions(id, body);
    return { status: 201, body: { ok: true, inserted: body.predictions.length } };
  });
  return handlers;
}

function checked(contract: Contract, name: OperationName, { status, body }: Result): Answer {
  const fits = contract.answer(name, status);
  if (fits === undefined) return refusal(500, `Mock server: the document has no ${status} for ${name}.`);
  if (fits(body)) return jsonAnswer(status, body);
  const problems = describeProblems(fits.errors);
  return refusal(500, `Mock server: its own answer to ${name} does not fit the document: ${problems}`);
}

function problem(status: number, detail: string): Result {
  return { status, body: { detail } };
}

function unknownExperiment(id: string): Result {
  return problem(404, `Experiment ${id} not found.`);
}

function unknownRun(id: string): Result {
  return problem(404, `Run ${id} not found.`);
}

/** An id that is not properly encoded is taken as it stands: no row has it. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
