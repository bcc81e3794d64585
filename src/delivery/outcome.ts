import type { DashboardClientError } from "../errors.js";

/** What became of a write that was sent, or was not. */
export type Outcome =
  /** The backend has it; `answer` is what it said. */
  | { readonly kind: "delivered"; readonly answer: unknown }
  /** There is nothing in it to send. */
  | { readonly kind: "skipped" }
  /** The backend does not want it, or does not want it from here. */
  | { readonly kind: "raised"; readonly error: DashboardClientError }
  /** It is in the mirror, and goes out later. */
  | { readonly kind: "pending" };

export const PENDING: Outcome = { kind: "pending" };
