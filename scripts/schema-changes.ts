import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { ROOT, SCHEMA_FILE } from "./project.js";
import { type Change, changeOf, reportedChange, WEIGHTS, type Weight } from "./schema-change.js";
import type { Newer } from "./schema-command.js";
import { SchemaError } from "./schema-error.js";
import { redocly } from "./schema-redocly.js";

const RULES = join(ROOT, "scripts", "schema-diff.redocly.yaml");
const report = z.object({ changes: z.array(reportedChange) });

/**
 * The changes from our schema to a newer one, the most severe first.
 * @throws SchemaError if they cannot be compared.
 */
export async function changesOf(newer: Newer): Promise<Change[]> {
  const output = join(dirname(newer.path), "diff.json");
  const options = [`--config=${RULES}`, "--format=json", "--fail-on=none", `--output=${output}`];
  const { isValid, findings } = await redocly(newer, "diff", join(ROOT, SCHEMA_FILE), newer.path, ...options);
  if (!isValid) {
    throw new SchemaError(
      `${newer.source} cannot be compared with ${SCHEMA_FILE}. Fix the problems that Redocly reports:\n\n${findings}`,
    );
  }
  const { changes } = report.parse(JSON.parse(await readFile(output, "utf8")));
  const unique = new Map(changes.map(changeOf).map((change) => [JSON.stringify(change), change]));
  return WEIGHTS.flatMap((weight) => [...unique.values()].filter((change) => change.weight === weight));
}

/** Formats the changes, grouped by weight. */
export function formatChanges(changes: readonly Change[]): string {
  const of = (weight: Weight) => changes.filter((change) => change.weight === weight);
  const blocks = WEIGHTS.filter((weight) => of(weight).length > 0).map((weight) => {
    const lines = of(weight).map(({ location: place, text }) => `  ${place}: ${text}`);
    return [weight, ...lines].join("\n");
  });
  const counts = WEIGHTS.map((weight) => `${of(weight).length} ${weight}`).join(", ");
  return [...blocks, `${counts}.`].join("\n\n");
}
