/** The verdict of a check: no problem, a problem to solve, or not checked. */
type Verdict = "ok" | "to do" | "skipped";

/** One check of `evsys-sdk doctor`, as `--json` has it. */
export interface DoctorCheck {
  readonly check: string;
  readonly verdict: Verdict;
  /** The finding, a sentence. */
  readonly found: string;
  /** What to do about it; null if there is nothing to do. */
  readonly next: string | null;
}

/** A check without a problem. */
export function ok(check: string, found: string): DoctorCheck {
  return { check, verdict: "ok", found, next: null };
}

/** A check that found a problem. `next`: what to do about it. */
export function toDo(check: string, found: string, next: string): DoctorCheck {
  return { check, verdict: "to do", found, next };
}

/** A check that could not be performed. */
export function skipped(check: string, found: string): DoctorCheck {
  return { check, verdict: "skipped", found, next: null };
}
