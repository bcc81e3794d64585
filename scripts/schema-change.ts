import * as z from "zod";

/** The effect of a change on users of the client, the most severe first. */
export const WEIGHTS = ["breaking", "additive", "cosmetic"] as const;
export type Weight = (typeof WEIGHTS)[number];

/** One change between two schemas. */
export interface Change {
  readonly weight: Weight;
  /** Its location in the schema, such as `RunCreate.seed`. */
  readonly location: string;
  readonly text: string;
}

const side = z.object({ pointer: z.string(), value: z.unknown().optional() });

/** A change as `redocly diff --format json` reports it. */
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

/** The parts of a schema that only people read. */
const TEXT_TYPES = new Set(["Info", "Contact", "License", "Tag", "ExternalDocs", "Example", "ExamplesMap"]);
const TEXT_PROPERTY = /^(title|summary|description|examples?|tags|deprecated|openapi|\$comment|x-.*)$/;

const MAX_PREVIEW_CHARACTERS = 60;

/** Classifies and describes a change. */
export function changeOf(reported: Reported): Change {
  const pointer = (reported.revision ?? reported.base)?.pointer ?? "#/";
  return {
    weight: weightOf(reported),
    location: locationOf(pointer, reported.property),
    text: textOf(reported, pointer),
  };
}

/**
 * Redocly knows whether a schema belongs to a request or a response, and so what is breaking. Two cases it does not know:
 * our types use the names of schemas, and our route table the paths with their parameters, so removing these is breaking; and
 * its "patch" may be a new enum value as well as a new wording.
 */
function weightOf({ impact, kind, typeName, property = "", base }: Reported): Weight {
  const isNamed = /^#\/components\/schemas\/[^/]+$/.test(base?.pointer ?? "");
  if (impact === "major" || (kind === "removed" && isNamed) || property === "key") return "breaking";
  return TEXT_TYPES.has(typeName) || TEXT_PROPERTY.test(property) ? "cosmetic" : "additive";
}

/** A readable form of a pointer: `RunCreate.seed` for a field of a schema, `POST /sdk/runs/ parameters.0` for the rest. */
function locationOf(pointer: string, property: string | undefined): string {
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
  if (before === undefined) return `\`${property}\` was set to ${preview(after)}.`;
  if (after === undefined) return `\`${property}\` was removed.`;
  return `\`${property}\` changed from ${preview(before)} to ${preview(after)}.`;
}

function listChange(before: readonly unknown[], after: readonly unknown[]): string {
  const added = after.filter((value) => !before.includes(value)).map(preview);
  const removed = before.filter((value) => !after.includes(value)).map(preview);
  const parts = [
    ...(added.length > 0 ? [`gained ${added.join(", ")}`] : []),
    ...(removed.length > 0 ? [`lost ${removed.join(", ")}`] : []),
  ];
  return parts.join(" and ") || "was reordered";
}

function preview(value: unknown): string {
  const text = typeof value === "string" ? `'${value}'` : (JSON.stringify(value) ?? String(value));
  return text.length > MAX_PREVIEW_CHARACTERS ? `${text.slice(0, MAX_PREVIEW_CHARACTERS)}…` : text;
}

function stepsOf(pointer: string): string[] {
  const steps = pointer.split("/").slice(1);
  return steps
    .filter((step) => step !== "")
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
}
