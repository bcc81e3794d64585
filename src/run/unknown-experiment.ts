import { EvsysError } from "../errors.js";
import { preview } from "../util/preview.js";

/** Makes a run throw when its experiment is asked for, which neither the mirror nor the caller knows. */
export function refuseExperiment(run: { readonly runId: string; readonly experimentId: string }, root: string): void {
  const message = `The mirror ${root} does not know the experiment of the run ${preview(run.runId)}. Give experiment_id beside run_id.`;
  Object.defineProperty(run, "experimentId", {
    get(): never {
      throw new EvsysError(message);
    },
  });
}
