import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

// Writes a document and prints how often fsync was called.
const [path = "", fsync = ""] = process.argv.slice(2);
let calls = 0;
for (const name of ["fsyncSync", "fdatasyncSync"] as const) {
  const original = fs[name];
  fs[name] = (descriptor) => {
    calls += 1;
    original(descriptor);
  };
}
syncBuiltinESMExports();
const { DocumentWriter } = await import("../../../src/store/document-writer.js");
if (fsync !== "never" && fsync !== "interval" && fsync !== "always") throw new Error(fsync);
const writer = new DocumentWriter(path, "r", { fsync, root: path, warn: console.error }, () => []);
writer.merge([{ at: 1, create: { seed: 1 } }]);
process.stdout.write(String(calls));
