import type { OperationName } from "../api/routes.js";

/** A difference between a backend's behaviour and the schema. */
export interface Difference {
  /** The part of the response, such as `status` or `experiment.id`, and the request if there are several. */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

/** The request of a difference. It does not contain the key. */
export interface SentRequest {
  readonly method: "POST";
  readonly path: string;
  /** JSON, truncated if it is long. */
  readonly body: string;
}

/** The response of a difference. */
export interface SeenResponse {
  readonly status: number;
  /** Truncated if it is long. */
  readonly text: string;
}

/** A difference with its request and response. */
export interface SeenDifference extends Difference {
  readonly request: SentRequest;
  /** Null if there was no complete response. */
  readonly response: SeenResponse | null;
}

/** The finding of a check. */
export type Finding =
  | { readonly verdict: "conforms"; readonly note?: string }
  | { readonly verdict: "differs"; readonly differences: readonly SeenDifference[] }
  | { readonly verdict: "not tested"; readonly reason: string };

/** The result of a check. */
export type CheckResult = Finding & { readonly operation: OperationName; readonly check: string };

/** The finding that results from differences. */
export function findingOf(differences: readonly SeenDifference[], note?: string): Finding {
  if (differences.length > 0) return { verdict: "differs", differences };
  return { verdict: "conforms", ...(note === undefined ? {} : { note }) };
}

/** The finding of a check that could not be performed. */
export function notTested(reason: string): Finding {
  return { verdict: "not tested", reason };
}

/** Maps every text of a finding. */
export function mapped(finding: Finding, text: (text: string) => string): Finding {
  switch (finding.verdict) {
    case "conforms":
      return finding.note === undefined ? finding : { ...finding, note: text(finding.note) };
    case "not tested":
      return { ...finding, reason: text(finding.reason) };
    case "differs": {
      const differences = finding.differences.map(({ where, expected, got, request, response }) => ({
        where: text(where),
        expected: text(expected),
        got: text(got),
        request: { ...request, path: text(request.path), body: text(request.body) },
        response: response && { ...response, text: text(response.text) },
      }));
      return { ...finding, differences };
    }
  }
}
