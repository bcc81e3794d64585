import { randomUUID } from "node:crypto";
import { isObject } from "../util/objects.js";
import type { CallResult, CheckRequest } from "./caller.js";
import { type Finding, findingOf, notTested, type SeenDifference } from "./finding.js";
import { idIn } from "./ids.js";
import { isResponse, isSuccess, type ResponseChecker } from "./response-checker.js";

/** The prefix of test experiments' names. */
export const PREFIX = "contract-test";

/** An experiment that a check has created, or may have created. */
export interface TestExperiment {
  readonly name: string;
  /** Null if the backend returned none. */
  readonly id: string | null;
  /** Whether the backend has accepted is_valid=false for it. */
  readonly isMarked: boolean;
}

/** The experiments that the checks create. */
export class Records {
  readonly #run = randomUUID().slice(0, 8);
  readonly #found = new Map<string, TestExperiment>();
  #count = 0;

  /** The experiments in the order of their creation. */
  get all(): readonly TestExperiment[] {
    return [...this.#found.values()];
  }

  /** A unique name for an experiment. */
  nextName(): string {
    this.#count += 1;
    return `${PREFIX}-${this.#run}-${this.#count}`;
  }

  /** Records the result of a request to create an experiment, even of one that should be rejected. */
  note({ body }: CheckRequest, reply: CallResult): void {
    const id = isResponse(reply) ? idIn("createExperiment", reply.body) : undefined;
    const isLikely = isResponse(reply) ? isSuccess(reply) || reply.status >= 500 : reply.mayHaveArrived;
    if (id === undefined && !isLikely) return;
    const sent = isObject(body) ? body.experiment_name : undefined;
    const name = typeof sent === "string" ? sent : `(${JSON.stringify(sent) ?? "no name"})`;
    const key = id ?? `unknown, ${name}`;
    if (!this.#found.has(key)) this.#found.set(key, { name, id: id ?? null, isMarked: false });
  }

  /** Marks all experiments as invalid. Stops if the backend does not respond. */
  async mark(post: (call: CheckRequest) => Promise<CallResult>, checker: ResponseChecker): Promise<Finding> {
    const differences: SeenDifference[] = [];
    for (const [key, experiment] of this.#found) {
      if (experiment.id === null) continue;
      const call = { operation: "updateExperiment", id: experiment.id, body: { is_valid: false } } as const;
      const first = await post(call);
      const reply = isResponse(first) && first.status < 500 ? first : await post(call);
      const isMarked = isResponse(reply) && isSuccess(reply);
      this.#found.set(key, { ...experiment, isMarked });
      const found = checker
        .whenAccepted(call, reply)
        .map((each) => ({ ...each, where: `${experiment.name}, ${each.where}` }));
      differences.push(...found);
      if (!isResponse(reply)) break;
    }
    if (differences.length > 0 || this.#found.size === 0) return findingOf(differences);
    const [ids, all] = [this.all.filter(({ id }) => id !== null).length, this.#found.size];
    if (ids === 0) return notTested("the backend returned no id for any of them");
    return findingOf([], `${ids} of ${all}`);
  }
}
