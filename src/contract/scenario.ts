import type { OperationName } from "../api/routes.js";
import { isObject } from "../util/objects.js";
import type { Documented } from "./document.js";
import { type Finding, findingOf, notTested } from "./finding.js";
import type { Extent } from "./sample.js";
import type { Check, Session } from "./session.js";

/** The check that a route takes a body that fits. */
export function takes(operation: OperationName, extent: Extent): Check {
  return { operation, name: extent, run: (session) => sent(session, operation, extent, {}) };
}

/** The check that a route whose body is open takes a field that the document does not list. */
export function takesFurtherField(documented: Documented, operation: OperationName): Check[] {
  if (documented.schemas.flat(documented.route(operation).body).additionalProperties === false) return [];
  const further = { contract_test_further_field: "contract-test" };
  const run = (session: Session): Promise<Finding> => sent(session, operation, "required fields only", further);
  return [{ operation, name: "a field beyond those listed", run }];
}

async function sent(session: Session, operation: OperationName, extent: Extent, more: object): Promise<Finding> {
  const obstacle = session.obstacle(operation);
  if (obstacle !== undefined) return notTested(obstacle);
  const made = session.call(operation, extent);
  // The header is optional as well, so the smallest request is one without it.
  const header = extent === "every field" ? {} : { idempotencyKey: null };
  const call = { ...made, ...header, body: isObject(made.body) ? { ...made.body, ...more } : made.body };
  const [problem] = session.documented.bodyProblems(operation, call.body);
  if (problem !== undefined) {
    return notTested(`no fitting body could be made: ${problem.instancePath} ${problem.message ?? ""}`);
  }
  const reply = await session.send(call);
  session.accept(call, reply, extent);
  const unsent = extent === "every field" ? session.unsent(operation) : [];
  return findingOf(
    session.judge.taken(call, reply),
    unsent.length === 0 ? undefined : `without ${unsent.join(", ")}, as there is no id for it`,
  );
}
