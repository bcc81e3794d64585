import * as z from "zod";

/** What a change does to those who use the client, the heaviest first. */
export const WEIGHTS = ["breaking", "additive", "cosmetic"] as const;
export type Weight = (typeof WEIGHTS)[number];

/** One change between two documents. */
export interface Change {
  readonly weight: Weight;
  /** Where in the document, such as `RunCreate.seed`. */
  readonly place: string;
  readonly text: string;
}

const side = z.object({ pointer: z.string(), value: z.unknown().optional() });

/** A change in the words of `redocly diff --format json`. */
export const reportedChange = z.object({
  typeName: z.string(),
  kind: z.enum(["added", "removed", "modified"]),
  impact: z.enum(["major", "minor", "patch"]),
  property: z.string().optional(),
  verdicts: z.array(z.object({ message: z.string() })),
  base: side.optional(),
  revision: side.optional(),
});
type Reported = z.output<typeof reportedChange>;

/** The parts of a document that are there to be read by people. */
const WORDS = new Set(["Info", "Contact", "License", "Tag", "ExternalDocs", "Example", "ExamplesMap"]);
const WORD = /^(title|summary|description|examples?|tags|deprecated|openapi|\$comment|x-.*)$/;

const LONGEST_VALUE_SHOWN = 60;

/** A change in our words. */
export function changeOf(reported: Reported): Change {
  const pointer = (reported.revision ?? reported.base)?.pointer ?? "#/";
  return { weight: weightOf(reported), place: placeOf(pointer, reported.property), text: textOf(reported, pointer) };
}

/**
 * Redocly knows which way a schema travels, and so what breaks. Two things it leaves to us: our types carry the names of
 * schemas and our table of routes the paths with their parameters, so that these may not go; and what it calls a patch may
 * be a new value of an enum as well as a new wording.
 */
function weightOf({ impact, kind, typeName, property = "", base }: Reported): Weight {
  const isNamed = /^#\/components\/schemas\/[^/]+$/.test(base?.pointer ?? "");
  if (impact === "major" || (kind === "removed" && isNamed) || property === "key") return "breaking";
  return WORDS.has(typeName) || WORD.test(property) ? "cosmetic" : "additive";
}

/** A pointer as one reads it: `RunCreate.seed` for a field of a schema, `POST /sdk/runs/ parameters.0` for the rest. */
function placeOf(pointer: string, property: string | undefined): string {
  const steps = stepsOf(pointer);
  if (property !== undefined && steps.at(-1) === property) steps.pop();
  const [root = "document", second = "", ...rest] = steps;
  const further = rest.filter((step) => step !== "properties").join(".");
  if (root === "paths") {
    const [method = "", ...inside] = rest;
    return [method.toUpperCase(), second, inside.join(".")].filter((part) => part !== "").join(" ");
  }
  if (root === "components" && second === "schemas") return further || "schemas";
  return [root, second, further].filter((part) => part !== "").join(".");
}

function textOf({ verdicts, kind, property, base, revision }: Reported, pointer: string): string {
  if (verdicts.length > 0) return verdicts.map(({ message }) => message).join(" ");
  if (kind !== "modified") return `\`${stepsOf(pointer).at(-1) ?? ""}\` was ${kind}.`;
  const [before, after] = [base?.value, revision?.value];
  if (Array.isArray(before) && Array.isArray(after)) return `\`${property}\` ${listChange(before, after)}.`;
  if (before === undefined) return `\`${property}\` was set to ${shown(after)}.`;
  if (after === undefined) return `\`${property}\` was removed.`;
  return `\`${property}\` changed from ${shown(before)} to ${shown(after)}.`;
}

function listChange(before: readonly unknown[], after: readonly unknown[]): string {
  const added = after.filter((value) => !before.includes(value)).map(shown);
  const removed = before.filter((value) => !after.includes(value)).map(shown);
  const parts = [
    ...(added.length > 0 ? [`gained ${added.join(", ")}`] : []),
    ...(removed.length > 0 ? [`lost ${removed.join(", ")}`] : []),
  ];
  return parts.join(" and ") || "was put in another order";
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? `'${value}'` : (JSON.stringify(value) ?? String(value));
  return text.length > LONGEST_VALUE_SHOWN ? `${text.slice(0, LONGEST_VALUE_SHOWN)}…` : text;
}

function stepsOf(pointer: string): string[] {
  const steps = pointer.split("/").slice(1);
  return steps
    .filter((step) => step !== "")
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
}
