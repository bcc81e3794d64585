import type { OperationName } from "../api/routes.js";
import type { Config } from "../config.js";
import { acceptanceCheck, openBodyChecks } from "./acceptance.js";
import { type ApiSchema, readApiSchema } from "./api-schema.js";
import { Caller } from "./caller.js";
import { type CheckResult, type Finding, mapped, notTested } from "./finding.js";
import { type IdempotencyReport, idempotencyChecks, idempotencyOf } from "./idempotency.js";
import { Records, type TestExperiment } from "./records.js";
import { rejectionChecks } from "./rejections.js";
import { ResponseChecker } from "./response-checker.js";
import { CheckSession, type ContractCheck, NotTested, STOPPED } from "./session.js";
import { TextRedactor } from "./text-redactor.js";

/** The result of all checks of a backend, as `contract --json` prints it. */
export interface ContractReport {
  readonly url: string;
  /** The title and version of the schema that the backend was checked against. */
  readonly document: string;
  readonly checks: readonly CheckResult[];
  readonly conforms: number;
  readonly differs: number;
  readonly notTested: number;
  /** Null if no route shows it; "in part" if the routes differ; "rejected" if a repeat gets a 4xx. */
  readonly idempotencyKey: IdempotencyReport["verdict"];
  /** The routes by how they treat a repeat; `notSeen` are those whose responses have no id to compare. */
  readonly idempotencyRoutes: IdempotencyReport["routes"];
  /** The experiments that the checks have created, or may have created. */
  readonly experiments: readonly TestExperiment[];
  /** Why the backend could not be reached; null if it could. */
  readonly unreachable: string | null;
  /** A hint if there is no backend at the address; null if there is one. */
  readonly absent: string | null;
  readonly isKeyRejected: boolean;
  /** Whether the checks were stopped before the end. */
  readonly isStopped: boolean;
}

/** Options of {@link checkContract}. */
export interface ContractOptions {
  /** The backend, the key and the project; `timeoutMs` applies to each request. */
  readonly config: Config;
  /** Called after each check. */
  readonly onResult?: (result: CheckResult) => void;
  /** Stops the checks. Test experiments are still marked. */
  readonly signal?: AbortSignal;
}

/** Parents before children, rows before the final patches. */
export const CHECK_ORDER = [
  "createExperiment",
  "createRun",
  "addCheckpoint",
  "createEval",
  "logStepMetric",
  "logPredictions",
  "updateRun",
  "updateExperiment",
] as const satisfies readonly OperationName[];

/** Checks a live backend against the packaged schema. Writes test experiments and marks them is_valid=false at the end. */
export async function checkContract({ config, onResult, signal }: ContractOptions): Promise<ContractReport> {
  const schema = readApiSchema();
  const redactor = new TextRedactor(config.apiKey);
  const [checker, caller, records] = [new ResponseChecker(schema, redactor), new Caller(config), new Records()];
  const session = new CheckSession({ schema, checker, caller, records, projectId: config.projectId }, signal);
  const checks: CheckResult[] = [];
  const add = ({ operation, name }: Omit<ContractCheck, "run">, finding: Finding): void => {
    const result = { operation, check: name, ...mapped(finding, (text) => redactor.redact(text)) };
    checks.push(result);
    // Once the checks have stopped, the remaining ones are not reported one by one.
    if (result.verdict !== "not tested" || session.stopReason === undefined) onResult?.(result);
  };
  try {
    try {
      for (const check of CHECK_ORDER.flatMap((operation) => checksOf(schema, operation))) {
        add(check, await findingFor(check, session));
      }
    } finally {
      const finding = await records.mark((call) => caller.post(call), checker);
      const mark = { operation: "updateExperiment", name: "marks the test records is_valid=false" } as const;
      const isUnreachable = session.unreachable !== undefined && finding.verdict === "differs";
      if (records.all.length > 0)
        add(mark, isUnreachable && session.stopReason !== undefined ? notTested(session.stopReason) : finding);
    }
  } finally {
    await caller.close();
  }
  const idempotency = idempotencyOf(checks, CHECK_ORDER);
  const count = (verdict: CheckResult["verdict"]): number => checks.filter((each) => each.verdict === verdict).length;
  return {
    url: config.baseUrl,
    document: schema.name,
    checks,
    conforms: count("conforms"),
    differs: count("differs"),
    notTested: count("not tested"),
    idempotencyKey: idempotency.verdict,
    idempotencyRoutes: idempotency.routes,
    experiments: records.all,
    unreachable: session.unreachable === undefined ? null : redactor.short(session.unreachable),
    absent: session.absentHint ?? null,
    isKeyRejected: session.isKeyRejected,
    isStopped: checks.some((each) => each.verdict === "not tested" && each.reason === STOPPED),
  };
}

function checksOf(schema: ApiSchema, operation: OperationName): ContractCheck[] {
  return [
    acceptanceCheck(operation, "every field"),
    acceptanceCheck(operation, "required fields only"),
    ...openBodyChecks(schema, operation),
    ...idempotencyChecks(operation),
    ...rejectionChecks(schema, operation),
  ];
}

async function findingFor(check: ContractCheck, session: CheckSession): Promise<Finding> {
  if (session.stopReason !== undefined) return notTested(session.stopReason);
  if (session.isUnresponsive(check.operation)) return notTested("the route did not respond to earlier requests");
  try {
    const finding = await check.run(session);
    const hasStopped = session.unreachable !== undefined || session.isKeyRejected;
    return hasStopped && session.stopReason !== undefined ? notTested(session.stopReason) : finding;
  } catch (error) {
    if (error instanceof NotTested) return notTested(error.message);
    throw error;
  }
}
