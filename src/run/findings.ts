import type { ExperimentPatch, RunPatch } from "../../generated/types.js";
import type { Input } from "../operations.js";
import { BestScore } from "./best-score.js";
import type { TrackBest } from "./options.js";

/** How a run ended. */
export interface Ending {
  readonly status: "completed" | "failed" | "cancelled";
  readonly error_message?: string | undefined;
}

/** What a run has found so far, and what is to be told of it when the run ends. */
export class Findings {
  readonly best: BestScore;
  summary: object = {};
  conclusion: string | undefined;
  readonly #startedAt = performance.now();

  constructor(tracked: TrackBest | undefined) {
    this.best = new BestScore(tracked);
  }

  /** The news for the run. A summary that was set stays beside the score. */
  forRun(ending: Ending): Input<RunPatch> {
    const { value } = this.best;
    const patch = {
      ...ending,
      duration_seconds: (performance.now() - this.#startedAt) / 1000,
      summary: value === undefined ? undefined : { ...this.summary, best_score: value },
    };
    return asPatch<RunPatch>(patch);
  }

  /** The news for an experiment that ends with its run. */
  forOwnExperiment(ending: Ending): Input<ExperimentPatch> {
    return asPatch<ExperimentPatch>({ ...ending, best_score: this.best.value, conclusion: this.conclusion });
  }

  /** The news for an experiment of many runs: what was said of it outright. A score that one run tracked is not the experiment's. */
  forSharedExperiment(): Input<ExperimentPatch> {
    return { best_score: this.best.explicit, conclusion: this.conclusion };
  }
}

/** A document may come to know other statuses: the client holds what is sent against it, and says what does not fit. */
function asPatch<Patch>(patch: object): Input<Patch> {
  return patch as Input<Patch>;
}
