import { randomUUID } from "node:crypto";
import { type OperationName, ROUTES, type Route } from "../api/routes.js";
import { isObject } from "../util/objects.js";
import { type ApiSchema, hasId } from "./api-schema.js";
import type { CheckRequest } from "./caller.js";
import { type Finding, findingOf, notTested, type SeenDifference } from "./finding.js";
import { type InvalidBody, missingFields, unknownFields, wrongValues } from "./invalid-bodies.js";
import type { JsonSchema, NamedSchemas } from "./json-schema.js";
import { type ExpectedRejection, isResponse } from "./response-checker.js";
import { Sampler } from "./sample.js";
import type { CheckSession, ContractCheck } from "./session.js";

/** An invalid request, and what is wrong with it. */
interface InvalidRequest {
  readonly what: string;
  readonly call: CheckRequest;
  readonly rejection: ExpectedRejection;
}

type InvalidBodiesOf = (schemas: NamedSchemas, schema: JsonSchema, body: unknown) => InvalidBody[];

// These statuses do not mean that the body is invalid.
const NOT_OF_THE_BODY = new Set([401, 403, 404, 405, 407, 408, 425, 429]);
const isOfTheBody = (status: number): boolean => status >= 400 && status < 500 && !NOT_OF_THE_BODY.has(status);

const BAD_BODY: ExpectedRejection = { expected: "a rejection of the body, such as 400 or 422", allows: isOfTheBody };
const UNKNOWN_PATH: ExpectedRejection = { expected: "404", allows: (status) => status === 404 };
const UNKNOWN_PARENT: ExpectedRejection = {
  expected: "404, or a rejection of the body",
  allows: (status) => status === 404 || isOfTheBody(status),
};
const BAD_KEY: ExpectedRejection = { expected: "401 or 403", allows: (status) => status === 401 || status === 403 };

const FAULTS: readonly (readonly [string, InvalidBodiesOf])[] = [
  ["rejects unknown fields", unknownFields],
  ["rejects wrong types and values", wrongValues],
  ["rejects missing fields", missingFields],
];

/** The checks that a route rejects invalid requests. */
export function rejectionChecks(schema: ApiSchema, operation: OperationName): ContractCheck[] {
  const { body, example } = schema.route(operation);
  const sample = new Sampler(schema.schemas, "every field", new Map()).value(body, example);
  const bodies = FAULTS.filter(([, faultsOf]) => faultsOf(schema.schemas, body, sample).length > 0);
  const parents = parentsOf(schema, operation);
  const ids = hasId(operation) || parents.length > 0;
  return [
    ...bodies.map(
      ([name, faultsOf]): ContractCheck => ({
        operation,
        name,
        run: (session) => badBodies(session, operation, faultsOf),
      }),
    ),
    ...(ids
      ? [
          {
            operation,
            name: "rejects unknown ids",
            run: (session: CheckSession) => unknownIds(session, operation, parents),
          },
        ]
      : []),
    { operation, name: "rejects invalid keys", run: (session) => badKeys(session, operation) },
  ];
}

function badBodies(session: CheckSession, operation: OperationName, faultsOf: InvalidBodiesOf): Promise<Finding> {
  const { schema } = session;
  const parents = parentsOf(schema, operation);
  // A backend may look up an invalid parent id and return 404. For other fields, a 404 would make clients park the entity.
  const isOfParent = (call: CheckRequest, body: unknown): boolean =>
    parents.some((field) => isObject(call.body) && isObject(body) && body[field] !== call.body[field]);
  return onAccepted(session, operation, (call) =>
    faultsOf(schema.schemas, schema.route(operation).body, call.body)
      .filter(({ body }) => schema.bodyProblems(operation, body).length > 0)
      .map(({ what, body }) => {
        return { what, call: { ...call, body }, rejection: isOfParent(call, body) ? UNKNOWN_PARENT : BAD_BODY };
      }),
  );
}

function unknownIds(session: CheckSession, operation: OperationName, parents: readonly string[]): Promise<Finding> {
  const id = randomUUID();
  if (hasId(operation)) {
    return onAccepted(session, operation, (call) => [
      { what: "the path", call: { ...call, id }, rejection: UNKNOWN_PATH },
    ]);
  }
  return onAccepted(session, operation, (call) =>
    parents.map((field) => {
      const body = isObject(call.body) ? { ...call.body, [field]: id } : call.body;
      return { what: field, call: { ...call, body }, rejection: UNKNOWN_PARENT };
    }),
  );
}

/** The required fields that refer to existing entities. */
function parentsOf(schema: ApiSchema, operation: OperationName): string[] {
  const { references = {} }: Route = ROUTES[operation];
  const { required = [] } = schema.schemas.flat(schema.route(operation).body);
  return Object.keys(references).filter((field) => required.includes(field));
}

async function badKeys(session: CheckSession, operation: OperationName): Promise<Finding> {
  const reason = session.whyNotTestable(operation);
  if (reason !== undefined) return notTested(reason);
  const call = session.call(operation, session.accepted(operation) ?? "required fields only");
  return differencesOf(session, [
    { what: "a wrong key", call: { ...call, apiKey: "wrong" }, rejection: BAD_KEY },
    { what: "no key", call: { ...call, apiKey: "none" }, rejection: BAD_KEY },
  ]);
}

/** Derives invalid requests from one that the backend has accepted, so that nothing else is wrong with them. */
async function onAccepted(
  session: CheckSession,
  operation: OperationName,
  badOf: (call: CheckRequest) => readonly InvalidRequest[],
): Promise<Finding> {
  const extent = session.accepted(operation);
  if (extent !== undefined) return differencesOf(session, badOf(session.call(operation, extent)));
  const reason = "the route accepted no valid request, so a rejection would prove nothing";
  return notTested(session.whyNotTestable(operation) ?? reason);
}

async function differencesOf(session: CheckSession, bad: readonly InvalidRequest[]): Promise<Finding> {
  const differences: SeenDifference[] = [];
  for (const { what, call, rejection } of bad) {
    const reply = await session.send(call);
    const found = session.checker.whenRejected(call, reply, rejection);
    differences.push(...found.map((each) => ({ ...each, where: `${what}, ${each.where}` })));
    // Without a response, the remaining requests would only time out.
    if (!isResponse(reply)) break;
  }
  return findingOf(differences);
}
