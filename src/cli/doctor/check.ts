/** What came of a check: all is well, there is something to do, or it could not be made. */
type Verdict = "ok" | "to do" | "skipped";

/** One check of `evsys-sdk doctor`, as `--json` has it. */
export interface Check {
  readonly check: string;
  readonly verdict: Verdict;
  /** What was found: a sentence. */
  readonly found: string;
  /** What to do about it; null where there is nothing. */
  readonly next: string | null;
}

/** All is well. */
export function ok(check: string, found: string): Check {
  return { check, verdict: "ok", found, next: null };
}

/** There is something to do. */
export function toDo(check: string, found: string, next: string): Check {
  return { check, verdict: "to do", found, next };
}

/** The check could not be made. */
export function skipped(check: string, found: string): Check {
  return { check, verdict: "skipped", found, next: null };
}
