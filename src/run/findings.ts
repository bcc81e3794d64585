import type { ExperimentPatch, RunPatch } from "../../generated/types.js";
import { decode } from "../api/lossless-json.js";
import type { Input } from "../api/routes.js";
import { isObject } from "../util/objects.js";
import type { BestScore } from "./best-score.js";

/** How a run ended. */
export interface Ending {
  readonly status: "completed" | "failed" | "cancelled";
  readonly error_message?: string | undefined;
}

/** What earlier jobs of a run have reported. */
export interface EarlierFindings {
  readonly summary: object;
  /** How long they took, in seconds; undefined if that is not known: the run's duration is not known either, then. */
  readonly durationSeconds: number | undefined;
}

const NO_EARLIER: EarlierFindings = { summary: {}, durationSeconds: 0 };

/** The results of a run so far, and the patches that report them when the run ends. */
export class Findings {
  readonly best: BestScore;
  conclusion: string | undefined;
  #summary: object;
  readonly #earlierSeconds: number | undefined;
  readonly #startedAt = performance.now();

  constructor(best: BestScore, { summary, durationSeconds }: EarlierFindings = NO_EARLIER) {
    this.best = best;
    this.#summary = summary;
    this.#earlierSeconds = durationSeconds;
  }

  /** Keeps the summary in the JSON text of an accepted patch, if it has one. */
  observePatch(text: string): void {
    const patch = decode(text);
    if (isObject(patch) && isObject(patch.summary)) this.#summary = patch.summary;
  }

  /** The patch of the run. The best score joins the summary that was set. */
  forRun(ending: Ending): Input<RunPatch> {
    const { value } = this.best;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const patch = {
      ...ending,
      duration_seconds: this.#earlierSeconds === undefined ? undefined : this.#earlierSeconds + seconds,
      summary: value === undefined ? undefined : { ...this.#summary, best_score: value },
    };
    return asPatch<RunPatch>(patch);
  }

  /** The patch of an experiment that the run created. */
  forOwnExperiment(ending: Ending): Input<ExperimentPatch> {
    return asPatch<ExperimentPatch>({ ...ending, best_score: this.best.value, conclusion: this.conclusion });
  }

  /** The patch of an experiment with other runs. `bestScore` is the best one of those that the mirror knows. */
  forSharedExperiment(bestScore: unknown): Input<ExperimentPatch> {
    return {
      best_score: this.best.isBetterThan(bestScore) ? this.best.value : undefined,
      conclusion: this.conclusion,
    };
  }
}

/** A schema may list other statuses than ours: validation reports it when the patch is sent. */
function asPatch<Patch>(patch: object): Input<Patch> {
  return patch as Input<Patch>;
}
