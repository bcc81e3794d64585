import type { Prediction } from "../../../src/index.js";

/** A prediction with a unique task id. */
export function prediction(task_id: string, model_output = "o"): Prediction & { readonly task_id: string } {
  return { kind: "eval", instruction: "i", model_output, task_id };
}
