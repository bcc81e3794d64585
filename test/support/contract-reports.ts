import type { OperationName } from "../../src/api/routes.js";
import { resolveConfig } from "../../src/config.js";
import { type ContractReport, checkContract } from "../../src/contract/check.js";
import type { CheckResult, Difference } from "../../src/contract/finding.js";
import { API_KEY, PROJECT_ID } from "./clients.js";

/** How the checks of a test are made. */
interface Circumstances {
  readonly apiKey?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What the checks find out about a server. */
export function reportOn(server: { readonly url: string }, circumstances: Circumstances = {}): Promise<ContractReport> {
  const { apiKey = API_KEY, timeoutMs = 30_000, signal } = circumstances;
  const options = { baseUrl: server.url, apiKey, projectId: PROJECT_ID, timeoutMs, offline: false };
  const config = resolveConfig(options, {});
  return checkContract({ config, ...(signal === undefined ? {} : { signal }) });
}

/** The checks of a verdict, as `operation: check`. */
export function named({ checks }: ContractReport, verdict: CheckResult["verdict"]): string[] {
  return checks.filter((each) => each.verdict === verdict).map(({ operation, check }) => `${operation}: ${check}`);
}

/** A check of a report. */
export function resultOf({ checks }: ContractReport, operation: OperationName, check: string): CheckResult {
  const found = checks.find((each) => each.operation === operation && each.check === check);
  if (found === undefined) throw new Error(`There is no check ${operation}: ${check}`);
  return found;
}

/** What differs in a check; nothing where it conforms. */
export function differencesOf(report: ContractReport, operation: OperationName, check: string): readonly Difference[] {
  const result = resultOf(report, operation, check);
  if (result.verdict !== "differs") return [];
  return result.differences.map(({ where, expected, got }) => ({ where, expected, got }));
}
