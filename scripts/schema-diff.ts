/** Lists the changes from our OpenAPI schema to a newer one, with their severity. Writes nothing. */
import { SCHEMA_FILE } from "./project.js";
import { changesOf, formatChanges } from "./schema-changes.js";
import { runCommand } from "./schema-command.js";

const HELP = `npm run schema:diff -- FILE_OR_URL

Compares an OpenAPI 3.1 schema (YAML or JSON, in one file) with ${SCHEMA_FILE}.

  breaking  existing code may not compile any more, or its requests may be rejected
  additive  existing code keeps working, and may use something new
  cosmetic  descriptions and examples

Exit code: 0 only cosmetic changes, 1 additive, 2 breaking, 3 wrong usage or a schema that cannot be read.`;

const EXIT_CODES = { cosmetic: 0, additive: 1, breaking: 2 } as const;

await runCommand(HELP, async (newer) => {
  const changes = await changesOf(newer);
  console.log(changes.length === 0 ? `${newer.source} changes nothing in ${SCHEMA_FILE}.` : formatChanges(changes));
  return EXIT_CODES[changes[0]?.weight ?? "cosmetic"];
});
