import { randomUUID } from "node:crypto";
import { isObject } from "../util/objects.js";
import type { Call, Reply } from "./caller.js";
import { type Finding, findingOf, notTested, type SeenDifference } from "./finding.js";
import { idIn } from "./ids.js";
import { isAnswer, isSuccess, type Judge } from "./judge.js";

/** What the names of test experiments begin with. */
export const PREFIX = "contract-test";

/** An experiment that a check has made, or may have made. */
export interface TestExperiment {
  readonly name: string;
  /** Null where the backend told none. */
  readonly id: string | null;
  /** Whether the backend has taken is_valid=false for it. */
  readonly isMarked: boolean;
}

/** The experiments that the checks leave behind. */
export class Records {
  readonly #run = randomUUID().slice(0, 8);
  readonly #found = new Map<string, TestExperiment>();
  #count = 0;

  /** What is known of them, in the order they were made. */
  get all(): readonly TestExperiment[] {
    return [...this.#found.values()];
  }

  /** A name for an experiment, unlike all others. */
  nextName(): string {
    this.#count += 1;
    return `${PREFIX}-${this.#run}-${this.#count}`;
  }

  /** Notes what came of a request to create an experiment, also of one that was to be refused. */
  note({ body }: Call, reply: Reply): void {
    const id = isAnswer(reply) ? idIn("createExperiment", reply.body) : undefined;
    const isLikely = isAnswer(reply) ? isSuccess(reply) || reply.status >= 500 : reply.mayHaveArrived;
    if (id === undefined && !isLikely) return;
    const sent = isObject(body) ? body.experiment_name : undefined;
    const name = typeof sent === "string" ? sent : `(${JSON.stringify(sent) ?? "no name"})`;
    const key = id ?? `unknown, ${name}`;
    if (!this.#found.has(key)) this.#found.set(key, { name, id: id ?? null, isMarked: false });
  }

  /** Marks all of them as not valid. A backend that does not answer is not asked for each of them. */
  async mark(post: (call: Call) => Promise<Reply>, judge: Judge): Promise<Finding> {
    const differences: SeenDifference[] = [];
    for (const [key, experiment] of this.#found) {
      if (experiment.id === null) continue;
      const call = { operation: "updateExperiment", id: experiment.id, body: { is_valid: false } } as const;
      const first = await post(call);
      const reply = isAnswer(first) && first.status < 500 ? first : await post(call);
      const isMarked = isAnswer(reply) && isSuccess(reply);
      this.#found.set(key, { ...experiment, isMarked });
      const found = judge.taken(call, reply).map((each) => ({ ...each, where: `${experiment.name}, ${each.where}` }));
      differences.push(...found);
      if (!isAnswer(reply)) break;
    }
    if (differences.length > 0 || this.#found.size === 0) return findingOf(differences);
    const [ids, all] = [this.all.filter(({ id }) => id !== null).length, this.#found.size];
    if (ids === 0) return notTested("the backend told the id of none of them");
    return findingOf([], `${ids} of ${all}`);
  }
}
