import { readFileSync } from "node:fs";
import { DocumentWriter } from "../../../src/store/document-writer.js";
import { NO_FSYNC } from "../../../src/store/fsync.js";

// Changes a large document twice and exits.
const [path = ""] = process.argv.slice(2);
const writer = new DocumentWriter(path, "r", NO_FSYNC, () => []);
writer.merge([{ at: 1, create: { config: { text: "x".repeat(4_000_000) } } }]);
writer.merge([{ at: 2, patch: { step: 2 } }]);
process.stdout.write(readFileSync(path, "utf8").includes('"step"') ? "written" : "deferred");
