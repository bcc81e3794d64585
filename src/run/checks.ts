import * as z from "zod";
import { EvsysValidationError } from "../errors.js";
import { preview } from "../util/preview.js";
import { issueAt, validated } from "../util/validation.js";
import type { BestMode } from "./best-score.js";

const bestScoreOptions = z.strictObject({ mode: z.enum(["max", "min"]).optional() });

/**
 * Validates the arguments of `setBestScore` when it is called: at the end of the run it would be too late.
 * @returns the mode, if given. @throws EvsysValidationError for invalid arguments.
 */
export function validBestScore(score: unknown, options: unknown): BestMode | undefined {
  if (typeof score !== "number") throw invalid("setBestScore", "score", `expected a number, got ${preview(score)}`);
  return options === undefined ? undefined : validated("run.setBestScore options", bestScoreOptions, options).mode;
}

/** @throws EvsysValidationError if an argument is not a string. */
export function validText(method: string, field: string, given: unknown): string {
  if (typeof given === "string") return given;
  throw invalid(method, field, `expected a string, got ${preview(given)}`);
}

function invalid(method: string, field: string, message: string): EvsysValidationError {
  return new EvsysValidationError(`run.${method}`, [issueAt([field], message)]);
}
