import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import ts from "typescript";

/**
 * `npm run size`: the gzipped size of each entry: all built files that it loads, now or later, with the packages bundled into
 * them. The limits detect code that got in by mistake; raise one for a good reason.
 */
const ROOT = join(import.meta.dirname, "..");
const LIMITS_BYTES = { "dist/src/index.js": 144 * 1024, "dist/src/testing/index.js": 24 * 1024 } as const;

/** A file and all files that it reaches by relative imports. */
function graphOf(entry: string): string[] {
  const found = new Set([entry]);
  for (const path of found) {
    for (const { fileName } of ts.preProcessFile(readFileSync(path, "utf8"), true, true).importedFiles) {
      if (fileName.startsWith(".")) found.add(join(dirname(path), fileName));
    }
  }
  return [...found];
}

for (const [entry, limit] of Object.entries(LIMITS_BYTES)) {
  const files = graphOf(join(ROOT, entry));
  const text = files.map((path) => readFileSync(path, "utf8")).join("\n");
  const bytes = gzipSync(text, { level: 9 }).length;
  const verdict = bytes > limit ? `more than the ${limit} that scripts/size.ts allows` : `${limit} allowed`;
  console.log(`${entry}: ${files.length} files, ${bytes} bytes gzipped (${verdict})`);
  if (bytes > limit) {
    const bySize = files.map((path) => ({ path, size: readFileSync(path).length })).sort((a, b) => b.size - a.size);
    for (const { path, size } of bySize.slice(0, 10)) console.log(`  ${size}  ${relative(ROOT, path)}`);
    process.exitCode = 1;
  }
}
