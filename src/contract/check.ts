import type { OperationName } from "../api/routes.js";
import type { Config } from "../config.js";
import { Caller } from "./caller.js";
import { type Documented, readDocumented } from "./document.js";
import { type Finding, mapped, notTested, type Result } from "./finding.js";
import { type IdempotencyReport, idempotencyOf, repeats } from "./idempotency.js";
import { Judge } from "./judge.js";
import { Records, type TestExperiment } from "./records.js";
import { refuses } from "./refusals.js";
import { takes, takesFurtherField } from "./scenario.js";
import { type Check, NotTested, Session, STOPPED } from "./session.js";
import { Words } from "./words.js";

/** What was found out about a backend. */
export interface ContractReport {
  readonly url: string;
  /** The document that the backend was held against. */
  readonly document: string;
  readonly checks: readonly Result[];
  readonly conforms: number;
  readonly differs: number;
  readonly notTested: number;
  /** Null where no route could tell; "in part" where the routes differ; "refused" where a repeat is a 4xx. */
  readonly idempotencyKey: IdempotencyReport["verdict"];
  /** What each route makes of a repeat: of those that answer no id, it cannot be seen. */
  readonly idempotencyRoutes: IdempotencyReport["routes"];
  /** The experiments that are left at the backend, or may be. */
  readonly experiments: readonly TestExperiment[];
  /** Why the backend could not be reached; null where it was. */
  readonly unreachable: string | null;
  /** What to do where something else than a backend answered; null where a backend did. */
  readonly absent: string | null;
  readonly isKeyRefused: boolean;
  /** Whether the checks were told to stop before they were through. */
  readonly isStopped: boolean;
}

/** How to check a backend. */
export interface ContractOptions {
  /** The backend, the key and the project; `timeoutMs` is the longest that one request may take. */
  readonly config: Config;
  /** Told of each check as it is made. */
  readonly onResult?: (result: Result) => void;
  /** Stops the checks; what was written is marked all the same. */
  readonly signal?: AbortSignal;
}

/** Parents before children, rows before the patches that close them. */
export const ORDER = [
  "createExperiment",
  "createRun",
  "addCheckpoint",
  "createEval",
  "logStepMetric",
  "logPredictions",
  "updateRun",
  "updateExperiment",
] as const satisfies readonly OperationName[];

/** Checks a backend against the packaged document. It writes test experiments and marks them is_valid=false at the end. */
export async function checkContract({ config, onResult, signal }: ContractOptions): Promise<ContractReport> {
  const documented = readDocumented();
  const words = new Words(config.apiKey);
  const [judge, caller, records] = [new Judge(documented, words), new Caller(config), new Records()];
  const session = new Session({ documented, judge, caller, records, projectId: config.projectId }, signal);
  const checks: Result[] = [];
  const add = ({ operation, name }: Omit<Check, "run">, finding: Finding): void => {
    const result = { operation, check: name, ...mapped(finding, (text) => words.clean(text)) };
    checks.push(result);
    // Where nothing more is tested, each of the checks would say so.
    if (result.verdict !== "not tested" || session.over === undefined) onResult?.(result);
  };
  try {
    try {
      for (const check of ORDER.flatMap((operation) => checksOf(documented, operation))) {
        add(check, await found(check, session));
      }
    } finally {
      const finding = await records.mark((call) => caller.post(call), judge);
      const mark = { operation: "updateExperiment", name: "marks the test records is_valid=false" } as const;
      const isAway = session.gone !== undefined && finding.verdict === "differs";
      if (records.all.length > 0) add(mark, isAway && session.over !== undefined ? notTested(session.over) : finding);
    }
  } finally {
    await caller.close();
  }
  const idempotency = idempotencyOf(checks, ORDER);
  const count = (verdict: Result["verdict"]): number => checks.filter((each) => each.verdict === verdict).length;
  return {
    url: config.baseUrl,
    document: documented.name,
    checks,
    conforms: count("conforms"),
    differs: count("differs"),
    notTested: count("not tested"),
    idempotencyKey: idempotency.verdict,
    idempotencyRoutes: idempotency.routes,
    experiments: records.all,
    unreachable: session.gone === undefined ? null : words.short(session.gone),
    absent: session.absence ?? null,
    isKeyRefused: session.isKeyRefused,
    isStopped: checks.some((each) => each.verdict === "not tested" && each.reason === STOPPED),
  };
}

function checksOf(documented: Documented, operation: OperationName): Check[] {
  return [
    takes(operation, "every field"),
    takes(operation, "required fields only"),
    ...takesFurtherField(documented, operation),
    ...repeats(operation),
    ...refuses(documented, operation),
  ];
}

async function found(check: Check, session: Session): Promise<Finding> {
  if (session.over !== undefined) return notTested(session.over);
  if (session.isSilent(check.operation)) return notTested("the route left earlier requests without an answer");
  try {
    const finding = await check.run(session);
    const isToldOtherwise = session.gone !== undefined || session.isKeyRefused;
    return isToldOtherwise && session.over !== undefined ? notTested(session.over) : finding;
  } catch (error) {
    if (error instanceof NotTested) return notTested(error.message);
    throw error;
  }
}
