import fc from "fast-check";
import type { OperationName } from "../../../src/index.js";
import { changedBodies, validBodies } from "../../support/bodies.js";
import { OPERATIONS, type Schema } from "../../support/document.js";
import { BROKEN_HEADERS, HEADERS } from "./headers.js";
import { ENCODINGS } from "./json-encodings.js";

/** Describes a response: printed on failure. */
export interface ResponseRecipe {
  /** The status line, with % in place of the status. */
  readonly line: string;
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A header that makes the response invalid. */
  readonly broken: readonly [name: string, value: string] | null;
  readonly value: unknown;
  /** The name of an encoding in {@link ENCODINGS}. */
  readonly encoding: string;
  /** How the end is marked: by the length, by chunks, by closing the connection, or incorrectly. */
  readonly framing: "length" | "pieces" | "close" | "too long" | "too short" | "bad piece";
  /** The share that is sent before the connection breaks; null for all. */
  readonly cutAt: number | null;
  /** Sends single bytes. */
  readonly isSlow: boolean;
}

const PLAIN_LINE = "HTTP/1.1 % Status";
const VALID_LINES = [PLAIN_LINE, "HTTP/1.1 % ", "HTTP/1.1 %", "HTTP/1.0 % OK", "HTTP/1.1 % \xe9t\xe9"];
const INVALID_LINES = [
  "HTTP/1.1 %0 OK",
  "HTTP/1.1 OK",
  "HTTP/9.9 % OK",
  "ICY % OK",
  "SSH-2.0-OpenSSH_9.6",
  "% OK",
  "\0\x01\x02",
];

const UNSAFE_IDS = [
  "../escaped",
  "..",
  ".",
  "/",
  "a/b",
  "a\\b",
  "",
  "\0",
  "a\nb",
  "\ud800",
  "x".repeat(201),
  "é".repeat(101),
];
const SAFE_IDS = ["ok", "a b", "%2e%2e", "...", "é", "x".repeat(200), "__proto__", "constructor", "\u2028", "ok?#&"];

/** Responses to an operation: many valid ones, and others that a backend or a proxy may send. */
export function responses(name: OperationName): fc.Arbitrary<ResponseRecipe> {
  const schema = responseSchema(name);
  const strange = fc.oneof(
    fc.constantFrom(...UNSAFE_IDS, ...SAFE_IDS, 7, null, {}, ["a"]),
    fc.string({ unit: "binary" }),
  );
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
    line: mostly(PLAIN_LINE, 20, ...VALID_LINES, ...INVALID_LINES),
    status: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(200, 201) },
      { weight: 3, arbitrary: common },
      fc.integer({ min: 100, max: 999 }),
    ),
    headers: fc.array(fc.oneof(fc.constantFrom(...HEADERS), retryAfter), { maxLength: 3 }),
    broken: mostly<ResponseRecipe["broken"]>(null, 20, ...BROKEN_HEADERS),
    value: fc.oneof(
      { weight: 6, arbitrary: validBodies(schema) },
      changedBodies(schema),
      named,
      fc.jsonValue({ maxDepth: 3 }),
    ),
    encoding: mostly("plain", 2, ...Object.keys(ENCODINGS)),
    framing: mostly<ResponseRecipe["framing"]>("length", 1, "pieces", "close", "too long", "too short", "bad piece"),
    cutAt: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, fc.double({ min: 0, max: 0.999, noNaN: true })),
    isSlow: fc.integer({ min: 0, max: 9 }).map((each) => each === 9),
  });
}

function mostly<Value>(usual: Value, weight: number, ...others: Value[]): fc.Arbitrary<Value> {
  return fc.oneof({ weight, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
}

const retryAfter = fc.string({ unit: "grapheme-ascii" }).map((text) => ["Retry-After", text.trim()] as const);

/** The schema of a successful response. */
export function responseSchema(name: OperationName): Schema {
  const found = OPERATIONS.find((operation) => operation.name === name);
  if (found === undefined) throw new Error(`The document has no ${name}`);
  return found.response;
}

export function bodyOf({ value, encoding }: ResponseRecipe): Buffer {
  const text = ENCODINGS[encoding]?.(JSON.stringify(value)) ?? "";
  return typeof text === "string" ? Buffer.from(text) : text;
}

/** Whether the connection breaks before the end of the response. Closing the connection can also be its valid end. */
export function isCut({ cutAt, framing }: ResponseRecipe): boolean {
  return cutAt !== null && framing !== "close" && framing !== "too short";
}

/** Whether the status line and headers are valid HTTP. */
export function hasValidHead({ line, broken }: ResponseRecipe): boolean {
  return VALID_LINES.includes(line) && broken === null;
}
