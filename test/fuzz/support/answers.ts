import fc from "fast-check";
import type { OperationName } from "../../../src/index.js";
import { changed, fitting } from "../../support/bodies.js";
import { OPERATIONS, type Schema } from "../../support/document.js";
import { BROKEN_HEADERS, HEADERS } from "./headers.js";
import { WRITINGS } from "./writings.js";

/** An answer on the wire, as a failure prints it. */
export interface AnswerRecipe {
  /** The first line without its status; the status is where the % stands. */
  readonly line: string;
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** One that breaks all. */
  readonly broken: readonly [name: string, value: string] | null;
  /** What is said. */
  readonly value: unknown;
  /** How it is written: a name of {@link WRITINGS}. */
  readonly writing: string;
  /** How its end is marked: with its length, in pieces, by the end of the connection, or wrongly. */
  readonly framing: "length" | "pieces" | "close" | "too long" | "too short" | "bad piece";
  /** How much of it arrives before the connection breaks; null for all. */
  readonly cut: number | null;
  /** Byte by byte. */
  readonly drips: boolean;
}

const PLAIN_LINE = "HTTP/1.1 % Status";
const GOOD_LINES = [PLAIN_LINE, "HTTP/1.1 % ", "HTTP/1.1 %", "HTTP/1.0 % OK", "HTTP/1.1 % \xe9t\xe9"];
const BAD_LINES = [
  "HTTP/1.1 %0 OK",
  "HTTP/1.1 OK",
  "HTTP/9.9 % OK",
  "ICY % OK",
  "SSH-2.0-OpenSSH_9.6",
  "% OK",
  "\0\x01\x02",
];

const IDS = ["../escaped", "..", ".", "/", "a/b", "a\\b", "", "\0", "a\nb", "\ud800", "x".repeat(201), "é".repeat(101)];
const FINE_IDS = ["ok", "a b", "%2e%2e", "...", "é", "x".repeat(200), "__proto__", "constructor", "\u2028", "ok?#&"];

/** Answers to an operation: many that keep its promise, and all that a backend or what stands before it may say. */
export function answers(name: OperationName): fc.Arbitrary<AnswerRecipe> {
  const schema = answerOf(name);
  const strange = fc.oneof(fc.constantFrom(...IDS, ...FINE_IDS, 7, null, {}, ["a"]), fc.string({ unit: "binary" }));
  const named = strange.map((id) => ({
    experiment: { id },
    run: { id },
    experiment_id: id,
    id,
    ok: true,
    patched: [],
    inserted: 1,
  }));
  const common = fc.constantFrom(
    200,
    201,
    202,
    204,
    301,
    307,
    308,
    400,
    401,
    403,
    404,
    408,
    409,
    413,
    422,
    425,
    429,
    500,
    503,
  );
  return fc.record({
    line: mostly(PLAIN_LINE, 20, ...GOOD_LINES, ...BAD_LINES),
    status: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(200, 201) },
      { weight: 3, arbitrary: common },
      fc.integer({ min: 100, max: 999 }),
    ),
    headers: fc.array(fc.oneof(fc.constantFrom(...HEADERS), retryAfter), { maxLength: 3 }),
    broken: mostly<AnswerRecipe["broken"]>(null, 20, ...BROKEN_HEADERS),
    value: fc.oneof({ weight: 6, arbitrary: fitting(schema) }, changed(schema), named, fc.jsonValue({ maxDepth: 3 })),
    writing: mostly("plain", 2, ...Object.keys(WRITINGS)),
    framing: mostly<AnswerRecipe["framing"]>("length", 1, "pieces", "close", "too long", "too short", "bad piece"),
    cut: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, fc.double({ min: 0, max: 0.999, noNaN: true })),
    drips: fc.integer({ min: 0, max: 9 }).map((each) => each === 9),
  });
}

function mostly<Value>(usual: Value, weight: number, ...others: Value[]): fc.Arbitrary<Value> {
  return fc.oneof({ weight, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
}

const retryAfter = fc.string({ unit: "grapheme-ascii" }).map((text) => ["Retry-After", text.trim()] as const);

/** The schema of what the document promises. */
export function answerOf(name: OperationName): Schema {
  const found = OPERATIONS.find((operation) => operation.name === name);
  if (found === undefined) throw new Error(`The document has no ${name}`);
  return found.answer;
}

/** What is said, as bytes. */
export function bodyOf({ value, writing }: AnswerRecipe): Buffer {
  const written = WRITINGS[writing]?.(JSON.stringify(value)) ?? "";
  return typeof written === "string" ? Buffer.from(written) : written;
}

/** Whether the connection breaks before HTTP's end of the answer. The end of a connection is an end as well. */
export function isCut({ cut, framing }: AnswerRecipe): boolean {
  return cut !== null && framing !== "close" && framing !== "too short";
}

/** Whether the head is one of HTTP's. */
export function hasGoodHead({ line, broken }: AnswerRecipe): boolean {
  return GOOD_LINES.includes(line) && broken === null;
}
