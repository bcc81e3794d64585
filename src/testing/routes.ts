import { routes, type Validator } from "../../generated/validators.js";
import type { BodyOf, OperationName } from "../api/routes.js";
import { API_PATH } from "../util/api-path.js";
import { describeProblems } from "./problems.js";
import { errorResponse, jsonResponse, type MockResponse } from "./response.js";
import { responseValidator } from "./response-validator.js";
import type { MockState } from "./state.js";

/** A status and a body that is not yet validated against the schema. */
interface WriteResult {
  readonly status: number;
  readonly body: object;
}

/** Performs a write with a valid body. `id` is the id in the path; empty if there is none. */
type Write<Name extends OperationName> = (state: MockState, id: string, body: BodyOf<Name>) => WriteResult;

/** Validates the body, performs the write and validates the response. */
type Handler = (state: MockState, id: string, body: unknown) => MockResponse;

interface RoutePattern {
  /** Matches the path; its group is the id, still encoded. */
  readonly pattern: RegExp;
  readonly handle: Handler;
}

/** The handler of a route, bound to the id in the path. */
export type FoundRoute = (state: MockState, body: unknown) => MockResponse;

/** Finds the route of a path. Undefined if there is none. */
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

function handlers(): readonly RoutePattern[] {
  const all: RoutePattern[] = [];

  function on<Name extends OperationName>(name: Name, write: Write<Name>): void {
    const { path, request } = routes[name];
    const isValid: Validator<BodyOf<Name>> = request;
    const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "([^/]+)")}$`);
    const handle: Handler = (state, id, body) => {
      if (!isValid(body)) return validResponse(name, problem(400, describeProblems(isValid.errors)));
      return validResponse(name, write(state, id, body));
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

function validResponse(name: OperationName, { status, body }: WriteResult): MockResponse {
  const isValid = responseValidator(name, status);
  if (isValid === undefined) return errorResponse(500, `Mock server: the schema has no ${status} for ${name}.`);
  if (isValid(body)) return jsonResponse(status, body);
  const problems = describeProblems(isValid.errors);
  return errorResponse(500, `Mock server: its response to ${name} does not match the schema: ${problems}`);
}

function problem(status: number, detail: string): WriteResult {
  return { status, body: { detail } };
}

function unknownExperiment(id: string): WriteResult {
  return problem(404, `Experiment ${id} not found.`);
}

function unknownRun(id: string): WriteResult {
  return problem(404, `Run ${id} not found.`);
}

/** An id that is not properly encoded is used as it is: no entity has it. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
