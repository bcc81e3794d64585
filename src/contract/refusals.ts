import { randomUUID } from "node:crypto";
import { type OperationName, ROUTES, type Route } from "../api/routes.js";
import { isObject } from "../util/objects.js";
import type { Call } from "./caller.js";
import { type Documented, hasId } from "./document.js";
import { type Fault, missingFields, unknownFields, wrongValues } from "./faults.js";
import { type Finding, findingOf, notTested, type SeenDifference } from "./finding.js";
import { isAnswer, type Refusal } from "./judge.js";
import { Sampler } from "./sample.js";
import type { Schema, Schemas } from "./schema.js";
import type { Check, Session } from "./session.js";

/** A request that must be refused, and what is wrong with it. */
interface Bad {
  readonly what: string;
  readonly call: Call;
  readonly refusal: Refusal;
}

type FaultsOf = (schemas: Schemas, schema: Schema, body: unknown) => Fault[];

// These say something else than that the body does not fit.
const NOT_OF_THE_BODY = new Set([401, 403, 404, 405, 407, 408, 425, 429]);
const isOfTheBody = (status: number): boolean => status >= 400 && status < 500 && !NOT_OF_THE_BODY.has(status);

const BAD_BODY: Refusal = { expected: "a refusal of the body, such as 400 or 422", fits: isOfTheBody };
const UNKNOWN_PATH: Refusal = { expected: "404", fits: (status) => status === 404 };
const UNKNOWN_PARENT: Refusal = {
  expected: "404, or a refusal of the body",
  fits: (status) => status === 404 || isOfTheBody(status),
};
const BAD_KEY: Refusal = { expected: "401 or 403", fits: (status) => status === 401 || status === 403 };

const FAULTS: readonly (readonly [string, FaultsOf])[] = [
  ["refuses unknown fields", unknownFields],
  ["refuses wrong types and values", wrongValues],
  ["refuses missing fields", missingFields],
];

/** The checks that a route refuses what it has to. */
export function refuses(documented: Documented, operation: OperationName): Check[] {
  const { body, example } = documented.route(operation);
  const sample = new Sampler(documented.schemas, "every field", new Map()).value(body, example);
  const bodies = FAULTS.filter(([, faultsOf]) => faultsOf(documented.schemas, body, sample).length > 0);
  const parents = parentsOf(documented, operation);
  const ids = hasId(operation) || parents.length > 0;
  return [
    ...bodies.map(
      ([name, faultsOf]): Check => ({ operation, name, run: (session) => badBodies(session, operation, faultsOf) }),
    ),
    ...(ids
      ? [{ operation, name: "refuses unknown ids", run: (session: Session) => unknownIds(session, operation, parents) }]
      : []),
    { operation, name: "refuses bad keys", run: (session) => badKeys(session, operation) },
  ];
}

function badBodies(session: Session, operation: OperationName, faultsOf: FaultsOf): Promise<Finding> {
  const { documented } = session;
  const parents = parentsOf(documented, operation);
  // What is no id of anything may be looked for all the same. Else a 404 tells clients to keep the write and wait for its parent.
  const isOfParent = (call: Call, body: unknown): boolean =>
    parents.some((field) => isObject(call.body) && isObject(body) && body[field] !== call.body[field]);
  return onAccepted(session, operation, (call) =>
    faultsOf(documented.schemas, documented.route(operation).body, call.body)
      .filter(({ body }) => documented.bodyProblems(operation, body).length > 0)
      .map(({ what, body }) => {
        return { what, call: { ...call, body }, refusal: isOfParent(call, body) ? UNKNOWN_PARENT : BAD_BODY };
      }),
  );
}

function unknownIds(session: Session, operation: OperationName, parents: readonly string[]): Promise<Finding> {
  const id = randomUUID();
  if (hasId(operation)) {
    return onAccepted(session, operation, (call) => [
      { what: "the path", call: { ...call, id }, refusal: UNKNOWN_PATH },
    ]);
  }
  return onAccepted(session, operation, (call) =>
    parents.map((field) => {
      const body = isObject(call.body) ? { ...call.body, [field]: id } : call.body;
      return { what: field, call: { ...call, body }, refusal: UNKNOWN_PARENT };
    }),
  );
}

/** The fields of a body that must name what is there. */
function parentsOf(documented: Documented, operation: OperationName): string[] {
  const { references = {} }: Route = ROUTES[operation];
  const { required = [] } = documented.schemas.flat(documented.route(operation).body);
  return Object.keys(references).filter((field) => required.includes(field));
}

async function badKeys(session: Session, operation: OperationName): Promise<Finding> {
  const obstacle = session.obstacle(operation);
  if (obstacle !== undefined) return notTested(obstacle);
  const call = session.call(operation, session.accepted(operation) ?? "required fields only");
  return refused(session, [
    { what: "a wrong key", call: { ...call, apiKey: "wrong" }, refusal: BAD_KEY },
    { what: "no key", call: { ...call, apiKey: "none" }, refusal: BAD_KEY },
  ]);
}

/** Makes bad requests of one that the backend has taken: of any other, it may refuse something else. */
async function onAccepted(
  session: Session,
  operation: OperationName,
  badOf: (call: Call) => readonly Bad[],
): Promise<Finding> {
  const extent = session.accepted(operation);
  if (extent !== undefined) return refused(session, badOf(session.call(operation, extent)));
  const why = "the route took no request that fits, so a refusal would tell nothing";
  return notTested(session.obstacle(operation) ?? why);
}

async function refused(session: Session, bad: readonly Bad[]): Promise<Finding> {
  const differences: SeenDifference[] = [];
  for (const { what, call, refusal } of bad) {
    const reply = await session.send(call);
    const found = session.judge.refused(call, reply, refusal);
    differences.push(...found.map((each) => ({ ...each, where: `${what}, ${each.where}` })));
    // Waiting for each of fifty answers that do not come is no use.
    if (!isAnswer(reply)) break;
  }
  return findingOf(differences);
}
