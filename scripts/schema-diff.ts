/** Tells what a newer OpenAPI document changes in ours, and how much that matters. Writes nothing. */
import { DOCUMENT } from "./project.js";
import { changesOf, described } from "./schema-changes.js";
import { runCommand } from "./schema-command.js";

const HELP = `npm run schema:diff -- FILE_OR_URL

Compares an OpenAPI 3.1 document (YAML or JSON, in one file) with ${DOCUMENT}.

  breaking  code that was right may not compile any more, or be refused
  additive  code goes on as it is, and may use something new
  cosmetic  words and examples

Exit code: 0 nothing but cosmetic changes, 1 additive, 2 breaking, 3 wrong usage or a document that cannot be read.`;

const EXIT_CODES = { cosmetic: 0, additive: 1, breaking: 2 } as const;

await runCommand(HELP, async (newer) => {
  const changes = await changesOf(newer);
  console.log(changes.length === 0 ? `${newer.source} changes nothing in ${DOCUMENT}.` : described(changes));
  return EXIT_CODES[changes[0]?.weight ?? "cosmetic"];
});
