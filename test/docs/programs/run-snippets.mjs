/**
 * Runs the programs named on the command line one after another in this process, each in a folder of its own that has an
 * empty mirror. Prints what each has printed, as JSON.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const print = process.stdout.write.bind(process.stdout);
const results = [];
for (const file of process.argv.slice(2)) {
  const folder = `${file}.folder`;
  mkdirSync(join(folder, "evsys_sdk"), { recursive: true });
  process.chdir(folder);
  const result = { stdout: "", stderr: "", error: "" };
  results.push(result);
  console.log = (...values) => {
    result.stdout += `${format(...values)}\n`;
  };
  console.error = (...values) => {
    result.stderr += `${format(...values)}\n`;
  };
  process.stderr.write = (text) => {
    result.stderr += text;
    return true;
  };
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    result.error = format(error);
  }
}
print(JSON.stringify(results));
