import { randomUUID } from "node:crypto";
import type { EntityKind, OperationName } from "../api/routes.js";
import { type CheckResult, type Finding, findingOf, notTested } from "./finding.js";
import { createdKind, idIn } from "./ids.js";
import { isResponse, isSuccess } from "./response-checker.js";
import type { CheckSession, ContractCheck } from "./session.js";

/** The name of the check of Idempotency-Key. */
const IDEMPOTENCY = "Idempotency-Key";

const REPEAT = "the repeat, ";

/** The repeat got the id of the first request. */
const HONOURED = "honoured";

/** The schema allows it, so it is not a difference, but users need to know. */
const IGNORED = "ignored, which the schema allows";

/** How the routes treat repeats. */
export interface IdempotencyReport {
  readonly verdict: "honoured" | "ignored" | "in part" | "rejected" | null;
  readonly routes: Readonly<Record<RouteVerdict, readonly OperationName[]>>;
}

type RouteVerdict = "honoured" | "ignored" | "rejected" | "notSeen";

/** Summarizes the idempotency checks. */
export function idempotencyOf(checks: readonly CheckResult[], all: readonly OperationName[]): IdempotencyReport {
  const made = checks.filter(({ check }) => check === IDEMPOTENCY);
  const of = (verdict: RouteVerdict): OperationName[] =>
    all.filter((operation) => verdictOf(made.find((each) => each.operation === operation)) === verdict);
  const routes = { honoured: of("honoured"), ignored: of("ignored"), rejected: of("rejected"), notSeen: of("notSeen") };
  const found = (["honoured", "ignored", "rejected"] as const).filter((verdict) => routes[verdict].length > 0);
  const [first = null] = found;
  return { verdict: found.length > 1 ? "in part" : first, routes };
}

function verdictOf(result: CheckResult | undefined): RouteVerdict {
  if (result?.verdict === "conforms") return result.note === HONOURED ? "honoured" : "ignored";
  const isRejected = (status: number | undefined): boolean => status !== undefined && status >= 400 && status < 500;
  if (result?.verdict !== "differs") return "notSeen";
  const [repeat] = result.differences.filter(({ where }) => where === `${REPEAT}status`);
  return isRejected(repeat?.response?.status) ? "rejected" : "notSeen";
}

/** The check of a repeat with the same key. Only routes that return an id can be checked. */
export function idempotencyChecks(operation: OperationName): ContractCheck[] {
  const kind = createdKind(operation);
  if (kind === undefined) return [];
  return [{ operation, name: IDEMPOTENCY, run: (session) => checkRepeat(session, operation, kind) }];
}

async function checkRepeat(session: CheckSession, operation: OperationName, kind: EntityKind): Promise<Finding> {
  const reason = session.whyNotTestable(operation);
  if (reason !== undefined) return notTested(reason);
  const extent = session.accepted(operation);
  if (extent === undefined) return notTested("the route accepted no valid request");
  const call = { ...session.call(operation, extent), idempotencyKey: randomUUID() };
  const first = await session.send(call);
  if (!isResponse(first) || !isSuccess(first)) return findingOf(session.checker.whenAccepted(call, first));
  const repeat = await session.send(call);
  const firstId = idIn(operation, first.body);
  if (firstId === undefined) return notTested("the response has no id, so a repeat looks like a second write");
  if (firstId === session.id(kind)) return notTested("two requests with different keys got the same id");
  const repeatId = isResponse(repeat) ? idIn(operation, repeat.body) : undefined;
  const differences = session.checker
    .whenAccepted(call, repeat)
    .map((each) => ({ ...each, where: `${REPEAT}${each.where}` }));
  return findingOf(differences, repeatId === firstId ? HONOURED : IGNORED);
}
