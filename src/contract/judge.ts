import type { OperationName } from "../api/routes.js";
import type { Answered, Call, Reply } from "./caller.js";
import { contradictions } from "./contradictions.js";
import { type Documented, pathOf } from "./document.js";
import type { Difference, SeenDifference } from "./finding.js";
import { differenceOf } from "./problem.js";
import type { Words } from "./words.js";

/** Which statuses a refusal may have. */
export interface Refusal {
  readonly expected: string;
  readonly fits: (status: number) => boolean;
}

/** Holds answers against the document. */
export class Judge {
  readonly #documented: Documented;
  readonly #words: Words;

  constructor(documented: Documented, words: Words) {
    this.#documented = documented;
    this.#words = words;
  }

  /** How the answer to a request that has to be taken differs. */
  taken(call: Call, reply: Reply): SeenDifference[] {
    return this.#seen(call, reply, this.#notTaken(call, reply));
  }

  /** How the answer to a request that has to be refused differs. */
  refused(call: Call, reply: Reply, refusal: Refusal): SeenDifference[] {
    return this.#seen(call, reply, this.#notRefused(call, reply, refusal));
  }

  #seen({ operation, id, body }: Call, reply: Reply, differences: readonly Difference[]): SeenDifference[] {
    const path = this.#words.short(pathOf(operation, id));
    const request = { method: "POST", path, body: this.#words.value(body) } as const;
    const answer = isAnswer(reply) ? { status: reply.status, text: this.#said(reply) } : null;
    return differences.map((each) => ({ ...each, request, answer }));
  }

  #notTaken(call: Call, reply: Reply): Difference[] {
    if (!isAnswer(reply)) return [this.#silence(reply.reason)];
    const { operation } = call;
    const isPromised = isSuccess(reply) && this.#documented.contentTypes(operation, reply.status) !== undefined;
    if (!isPromised) return [this.#status(this.#documented.successes(operation).join(" or "), reply)];
    return [...this.#form(operation, reply), ...contradictions(call, reply.body, this.#words)];
  }

  #notRefused({ operation }: Call, reply: Reply, { expected, fits }: Refusal): Difference[] {
    if (!isAnswer(reply)) return [this.#silence(reply.reason)];
    const isPromised = this.#documented.contentTypes(operation, reply.status) !== undefined;
    if (!isPromised || !fits(reply.status)) return [this.#status(expected, reply)];
    // A document that promises nothing of what it takes cannot tell the two apart.
    const isTaken = this.#isSuccess(operation, reply.body) && !this.#isSuccess(operation, { detail: "refused" });
    const got = `the answer to a request that was taken: ${this.#said(reply)}`;
    return [...this.#form(operation, reply), ...(isTaken ? [{ where: "answer", expected: "a refusal", got }] : [])];
  }

  #silence(reason: string): Difference {
    return { where: "answer", expected: "an answer", got: this.#words.short(reason) };
  }

  #status(expected: string, reply: Answered): Difference {
    const { status, location = "nowhere" } = reply;
    const isRedirect = status >= 300 && status < 400;
    const target = isRedirect ? `, a redirect to ${this.#words.short(location)}, which is not followed` : "";
    return { where: "status", expected, got: isRedirect ? `${status}${target}` : `${status}: ${this.#said(reply)}` };
  }

  /** Whether the answer's kind of content and its JSON are the document's. */
  #form(operation: OperationName, { status, contentType, body, text }: Answered): Difference[] {
    const types = this.#documented.contentTypes(operation, status) ?? [];
    if (types.length === 0) return [];
    const isKnown = contentType !== undefined && types.includes(contentType);
    const got = contentType === undefined ? "none" : this.#words.short(contentType);
    const differences = isKnown ? [] : [{ where: "content-type", expected: types.join(" or "), got }];
    if (isKnown && contentType !== "application/json") return [];
    if (body === undefined) {
      return [...differences, { where: "answer", expected: "JSON", got: this.#words.short(text) || "an empty body" }];
    }
    const problems = this.#documented.answerProblems(operation, status, body);
    return [...differences, ...problems.map((problem) => differenceOf(problem, body, this.#words))];
  }

  #isSuccess(operation: OperationName, body: unknown): boolean {
    const statuses = this.#documented.successes(operation).map((name) => Number(name.replace("XX", "00")));
    return (
      body !== undefined &&
      statuses.some((status) => this.#documented.answerProblems(operation, status, body).length === 0)
    );
  }

  #said({ text, body }: Answered): string {
    const said = body === undefined ? this.#words.short(text) : this.#words.value(body);
    return said === "" ? "an empty body" : said;
  }
}

/** Whether the backend says that it took a request. */
export function isSuccess({ status }: Answered): boolean {
  return status >= 200 && status < 300;
}

/** Whether an answer came. */
export function isAnswer(reply: Reply): reply is Answered {
  return reply.kind === "answer";
}
