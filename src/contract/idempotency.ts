import { randomUUID } from "node:crypto";
import type { EntityKind, OperationName } from "../api/routes.js";
import { type Finding, findingOf, notTested, type Result } from "./finding.js";
import { idIn, makes } from "./ids.js";
import { isAnswer, isSuccess } from "./judge.js";
import type { Check, Session } from "./session.js";

/** The name of the check of Idempotency-Key. */
const IDEMPOTENCY = "Idempotency-Key";

const REPEAT = "the repeat, ";

/** The key is known: the repeat was answered with what the first one made. */
const HONOURED = "honoured";

/** The document allows it, so it is no difference; but one has to know. */
const IGNORED = "ignored, which the document allows";

/** What the routes make of repeats. */
export interface IdempotencyReport {
  readonly verdict: "honoured" | "ignored" | "in part" | "refused" | null;
  readonly routes: Readonly<Record<RouteVerdict, readonly OperationName[]>>;
}

type RouteVerdict = "honoured" | "ignored" | "refused" | "notSeen";

/** What the checks say of repeats: of the routes that were judged, and of no others. */
export function idempotencyOf(checks: readonly Result[], all: readonly OperationName[]): IdempotencyReport {
  const made = checks.filter(({ check }) => check === IDEMPOTENCY);
  const of = (verdict: RouteVerdict): OperationName[] =>
    all.filter((operation) => verdictOf(made.find((each) => each.operation === operation)) === verdict);
  const routes = { honoured: of("honoured"), ignored: of("ignored"), refused: of("refused"), notSeen: of("notSeen") };
  const found = (["honoured", "ignored", "refused"] as const).filter((verdict) => routes[verdict].length > 0);
  const [first = null] = found;
  return { verdict: found.length > 1 ? "in part" : first, routes };
}

function verdictOf(result: Result | undefined): RouteVerdict {
  if (result?.verdict === "conforms") return result.note === HONOURED ? "honoured" : "ignored";
  const isRefused = (status: number | undefined): boolean => status !== undefined && status >= 400 && status < 500;
  if (result?.verdict !== "differs") return "notSeen";
  const [repeat] = result.differences.filter(({ where }) => where === `${REPEAT}status`);
  return isRefused(repeat?.answer?.status) ? "refused" : "notSeen";
}

/** The check of what becomes of a repeat with the same key. Only a route that answers an id can tell. */
export function repeats(operation: OperationName): Check[] {
  const kind = makes(operation);
  if (kind === undefined) return [];
  return [{ operation, name: IDEMPOTENCY, run: (session) => repeated(session, operation, kind) }];
}

async function repeated(session: Session, operation: OperationName, kind: EntityKind): Promise<Finding> {
  const obstacle = session.obstacle(operation);
  if (obstacle !== undefined) return notTested(obstacle);
  const extent = session.accepted(operation);
  if (extent === undefined) return notTested("the route took no request that fits");
  const call = { ...session.call(operation, extent), idempotencyKey: randomUUID() };
  const first = await session.send(call);
  if (!isAnswer(first) || !isSuccess(first)) return findingOf(session.judge.taken(call, first));
  const repeat = await session.send(call);
  const firstId = idIn(operation, first.body);
  if (firstId === undefined) return notTested("the answer tells no id, so a repeat looks like a second write");
  if (firstId === session.id(kind)) return notTested("two requests with keys of their own were answered the same id");
  const repeatId = isAnswer(repeat) ? idIn(operation, repeat.body) : undefined;
  const differences = session.judge.taken(call, repeat).map((each) => ({ ...each, where: `${REPEAT}${each.where}` }));
  return findingOf(differences, repeatId === firstId ? HONOURED : IGNORED);
}
