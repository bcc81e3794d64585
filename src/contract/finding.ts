import type { OperationName } from "../api/routes.js";

/** Where a backend does something else than the document says. */
export interface Difference {
  /** Which request or part of the answer, such as `status` or `experiment.id`. */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

/** The request that a difference came of, as far as it is useful to show. It holds no key. */
export interface SentRequest {
  readonly method: "POST";
  readonly path: string;
  /** JSON, cut where it is long. */
  readonly body: string;
}

/** The answer that a difference came of. */
export interface GivenAnswer {
  readonly status: number;
  /** Cut where it is long. */
  readonly text: string;
}

/** A difference with what it was seen in: whoever mends the backend needs both. */
export interface SeenDifference extends Difference {
  readonly request: SentRequest;
  /** Null where no whole answer came. */
  readonly answer: GivenAnswer | null;
}

/** What a check found. */
export type Finding =
  | { readonly verdict: "conforms"; readonly note?: string }
  | { readonly verdict: "differs"; readonly differences: readonly SeenDifference[] }
  | { readonly verdict: "not tested"; readonly reason: string };

/** A check that was made. */
export type Result = Finding & { readonly operation: OperationName; readonly check: string };

/** What differences amount to. */
export function findingOf(differences: readonly SeenDifference[], note?: string): Finding {
  if (differences.length > 0) return { verdict: "differs", differences };
  return { verdict: "conforms", ...(note === undefined ? {} : { note }) };
}

/** A check that could not be made. */
export function notTested(reason: string): Finding {
  return { verdict: "not tested", reason };
}

/** A finding with each text of it passed through a function. */
export function mapped(finding: Finding, text: (text: string) => string): Finding {
  switch (finding.verdict) {
    case "conforms":
      return finding.note === undefined ? finding : { ...finding, note: text(finding.note) };
    case "not tested":
      return { ...finding, reason: text(finding.reason) };
    case "differs": {
      const differences = finding.differences.map(({ where, expected, got, request, answer }) => ({
        where: text(where),
        expected: text(expected),
        got: text(got),
        request: { ...request, path: text(request.path), body: text(request.body) },
        answer: answer && { ...answer, text: text(answer.text) },
      }));
      return { ...finding, differences };
    }
  }
}
