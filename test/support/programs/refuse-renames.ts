import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname } from "node:path";

// Simulates Windows with a virus scanner: a number of renames fail.
const [path = "", times = ""] = process.argv.slice(2);
let left = Number(times);
const original = fs.renameSync;
fs.renameSync = (from, to) => {
  left -= 1;
  if (left >= 0) throw Object.assign(new Error("EPERM: operation not permitted, rename"), { code: "EPERM" });
  original(from, to);
};
syncBuiltinESMExports();
const { DocumentFile } = await import("../../../src/store/document.js");
try {
  new DocumentFile(path).write({ id: "r", _created_at: 1, _updated_at: 1 });
  process.stdout.write(fs.existsSync(path) ? "renamed" : "lost");
} catch (error) {
  const { name } = Object(error);
  process.stdout.write(fs.readdirSync(dirname(path)).length === 0 ? name : "left behind");
}
