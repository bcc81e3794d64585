import { routes, type Validator } from "../../generated/validators.js";
import type { BodyOf, OperationName } from "../api/routes.js";
import { API_PATH } from "../util/api-path.js";
import { type Answer, jsonAnswer, refusal } from "./answer.js";
import { responseValidator } from "./contract.js";
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

interface Route {
  /** Matches the path; its group is the id, still encoded. */
  readonly pattern: RegExp;
  readonly handle: Handler;
}

/** A route that a path was found to be of. */
export type FoundRoute = (state: MockState, body: unknown) => Answer;

/** The route of a URL's path, ready to be called with a state and a body. Undefined if there is none. */
export function findRoute(pathname: string): FoundRoute | undefined {
  if (!pathname.startsWith(API_PATH)) return undefined;
  const path = pathname.slice(API_PATH.length);
  for (const { pattern, handle } of HANDLERS) {
    const found = pattern.exec(path);
    if (found !== null) return (state, body) => handle(state, decoded(found[1] ?? ""), body);
  }
  return undefined;
}

/** The routes hold no state, so all servers of a process share them. */
const HANDLERS = handlers();

function handlers(): readonly Route[] {
  const all: Route[] = [];

  function on<Name extends OperationName>(name: Name, write: Write<Name>): void {
    const { path, request } = routes[name];
    const isValid: Validator<BodyOf<Name>> = request;
    const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "([^/]+)")}$`);
    const handle: Handler = (state, id, body) => {
      if (!isValid(body)) return checked(name, problem(400, describeProblems(isValid.errors)));
      return checked(name, write(state, id, body));
    };
    all.push({ pattern, handle });
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
  return all;
}

function checked(name: OperationName, { status, body }: Result): Answer {
  const fits = responseValidator(name, status);
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
