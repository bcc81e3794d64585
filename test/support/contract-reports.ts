import type { OperationName } from "../../src/api/routes.js";
import { resolveConfig } from "../../src/config.js";
import { type ContractReport, checkContract } from "../../src/contract/check.js";
import type { CheckResult, Difference } from "../../src/contract/finding.js";
import { API_KEY, PROJECT_ID } from "./clients.js";

/** The options of a contract check. */
interface Circumstances {
  readonly apiKey?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The report on a server. */
export function reportOn(server: { readonly url: string }, circumstances: Circumstances = {}): Promise<ContractReport> {
  const { apiKey = API_KEY, timeoutMs = 30_000, signal } = circumstances;
  const options = { baseUrl: server.url, apiKey, projectId: PROJECT_ID, timeoutMs, offline: false };
  const config = resolveConfig(options, {});
  return checkContract({ config, ...(signal === undefined ? {} : { signal }) });
}

/** The checks with a verdict, as `operation: check`. */
export function named({ checks }: ContractReport, verdict: CheckResult["verdict"]): string[] {
  return checks.filter((each) => each.verdict === verdict).map(({ operation, check }) => `${operation}: ${check}`);
}

/** The result of one check. */
export function resultOf({ checks }: ContractReport, operation: OperationName, check: string): CheckResult {
  const found = checks.find((each) => each.operation === operation && each.check === check);
  if (found === undefined) throw new Error(`There is no check ${operation}: ${check}`);
  return found;
}

/** The differences of a check; empty if it conforms. */
export function differencesOf(report: ContractReport, operation: OperationName, check: string): readonly Difference[] {
  const result = resultOf(report, operation, check);
  if (result.verdict !== "differs") return [];
  return result.differences.map(({ where, expected, got }) => ({ where, expected, got }));
}
