import type { OperationName } from "../api/routes.js";
import { isObject } from "../util/objects.js";
import type { ApiSchema } from "./api-schema.js";
import { type Finding, findingOf, notTested } from "./finding.js";
import type { Extent } from "./sample.js";
import type { CheckSession, ContractCheck } from "./session.js";

/** The check that a route accepts a valid body. */
export function acceptanceCheck(operation: OperationName, extent: Extent): ContractCheck {
  return { operation, name: extent, run: (session) => checkAccepted(session, operation, extent, {}) };
}

/** The check that a route with an open body schema accepts additional fields. */
export function openBodyChecks(schema: ApiSchema, operation: OperationName): ContractCheck[] {
  if (schema.schemas.flat(schema.route(operation).body).additionalProperties === false) return [];
  const further = { contract_test_further_field: "contract-test" };
  const run = (session: CheckSession): Promise<Finding> =>
    checkAccepted(session, operation, "required fields only", further);
  return [{ operation, name: "a field beyond those listed", run }];
}

async function checkAccepted(
  session: CheckSession,
  operation: OperationName,
  extent: Extent,
  more: object,
): Promise<Finding> {
  const reason = session.whyNotTestable(operation);
  if (reason !== undefined) return notTested(reason);
  const made = session.call(operation, extent);
  // The header is optional too, so the smallest request omits it.
  const header = extent === "every field" ? {} : { idempotencyKey: null };
  const call = { ...made, ...header, body: isObject(made.body) ? { ...made.body, ...more } : made.body };
  const [problem] = session.schema.bodyProblems(operation, call.body);
  if (problem !== undefined) {
    return notTested(`no valid body could be generated: ${problem.instancePath} ${problem.message ?? ""}`);
  }
  const reply = await session.send(call);
  session.accept(call, reply, extent);
  const unsent = extent === "every field" ? session.unsent(operation) : [];
  return findingOf(
    session.checker.whenAccepted(call, reply),
    unsent.length === 0 ? undefined : `without ${unsent.join(", ")}, because there is no id for it`,
  );
}
