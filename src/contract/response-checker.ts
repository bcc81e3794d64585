import type { OperationName } from "../api/routes.js";
import { type ApiSchema, pathOf } from "./api-schema.js";
import type { CallResult, CheckRequest, ReceivedResponse } from "./caller.js";
import { contradictions } from "./contradictions.js";
import type { Difference, SeenDifference } from "./finding.js";
import { differenceOf } from "./problem.js";
import type { TextRedactor } from "./text-redactor.js";

/** The statuses that are allowed for a rejection. */
export interface ExpectedRejection {
  readonly expected: string;
  readonly allows: (status: number) => boolean;
}

/** Checks responses against the schema. */
export class ResponseChecker {
  readonly #schema: ApiSchema;
  readonly #redactor: TextRedactor;

  constructor(schema: ApiSchema, redactor: TextRedactor) {
    this.#schema = schema;
    this.#redactor = redactor;
  }

  /** The differences of a response to a valid request, which must be accepted. */
  whenAccepted(call: CheckRequest, reply: CallResult): SeenDifference[] {
    return this.#withRequest(call, reply, this.#acceptanceDifferences(call, reply));
  }

  /** The differences of a response to an invalid request, which must be rejected. */
  whenRejected(call: CheckRequest, reply: CallResult, rejection: ExpectedRejection): SeenDifference[] {
    return this.#withRequest(call, reply, this.#rejectionDifferences(call, reply, rejection));
  }

  #withRequest(
    { operation, id, body }: CheckRequest,
    reply: CallResult,
    differences: readonly Difference[],
  ): SeenDifference[] {
    const path = this.#redactor.short(pathOf(operation, id));
    const request = { method: "POST", path, body: this.#redactor.json(body) } as const;
    const response = isResponse(reply) ? { status: reply.status, text: this.#textOf(reply) } : null;
    return differences.map((each) => ({ ...each, request, response }));
  }

  #acceptanceDifferences(call: CheckRequest, reply: CallResult): Difference[] {
    if (!isResponse(reply)) return [this.#noResponse(reply.reason)];
    const { operation } = call;
    const isDefined = isSuccess(reply) && this.#schema.contentTypes(operation, reply.status) !== undefined;
    if (!isDefined) return [this.#status(this.#schema.successes(operation).join(" or "), reply)];
    return [...this.#form(operation, reply), ...contradictions(call, reply.body, this.#redactor)];
  }

  #rejectionDifferences(
    { operation }: CheckRequest,
    reply: CallResult,
    { expected, allows: fits }: ExpectedRejection,
  ): Difference[] {
    if (!isResponse(reply)) return [this.#noResponse(reply.reason)];
    const isDefined = this.#schema.contentTypes(operation, reply.status) !== undefined;
    if (!isDefined || !fits(reply.status)) return [this.#status(expected, reply)];
    // A schema that defines no success body cannot distinguish the two.
    const isAccepted = this.#isSuccess(operation, reply.body) && !this.#isSuccess(operation, { detail: "rejected" });
    const got = `the response to an accepted request: ${this.#textOf(reply)}`;
    return [...this.#form(operation, reply), ...(isAccepted ? [{ where: "response", expected: "an error", got }] : [])];
  }

  #noResponse(reason: string): Difference {
    return { where: "response", expected: "a response", got: this.#redactor.short(reason) };
  }

  #status(expected: string, reply: ReceivedResponse): Difference {
    const { status, location = "no target" } = reply;
    const isRedirect = status >= 300 && status < 400;
    const target = isRedirect ? `, a redirect to ${this.#redactor.short(location)}, which is not followed` : "";
    return { where: "status", expected, got: isRedirect ? `${status}${target}` : `${status}: ${this.#textOf(reply)}` };
  }

  /** The differences of a response's content type and body. */
  #form(operation: OperationName, { status, contentType, body, text }: ReceivedResponse): Difference[] {
    const types = this.#schema.contentTypes(operation, status) ?? [];
    if (types.length === 0) return [];
    const isKnown = contentType !== undefined && types.includes(contentType);
    const got = contentType === undefined ? "none" : this.#redactor.short(contentType);
    const differences = isKnown ? [] : [{ where: "content-type", expected: types.join(" or "), got }];
    if (isKnown && contentType !== "application/json") return [];
    if (body === undefined) {
      return [
        ...differences,
        { where: "response", expected: "JSON", got: this.#redactor.short(text) || "an empty body" },
      ];
    }
    const problems = this.#schema.responseProblems(operation, status, body);
    return [...differences, ...problems.map((problem) => differenceOf(problem, body, this.#redactor))];
  }

  #isSuccess(operation: OperationName, body: unknown): boolean {
    const statuses = this.#schema.successes(operation).map((name) => Number(name.replace("XX", "00")));
    return (
      body !== undefined &&
      statuses.some((status) => this.#schema.responseProblems(operation, status, body).length === 0)
    );
  }

  #textOf({ text, body }: ReceivedResponse): string {
    const preview = body === undefined ? this.#redactor.short(text) : this.#redactor.json(body);
    return preview === "" ? "an empty body" : preview;
  }
}

/** Whether the backend accepted a request. */
export function isSuccess({ status }: ReceivedResponse): boolean {
  return status >= 200 && status < 300;
}

/** Whether there was a response. */
export function isResponse(reply: CallResult): reply is ReceivedResponse {
  return reply.kind === "response";
}
