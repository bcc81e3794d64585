import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./project.js";

/**
 * What is bundled together. Users import or run the entries; other programs know their paths in dist/. The command has copies
 * of its own: sharing with its many chunks would cut the library into more files, which is what importing it costs.
 */
export const BUNDLES = [
  { entries: ["src/index.ts", "src/testing/index.ts"], chunks: "src/chunks" },
  { entries: ["src/cli/main.ts"], chunks: "src/cli/chunks" },
] as const;

/**
 * Bundles each entry into one file and the chunks that it shares with others, so that a class has one identity across
 * entries. Returns the files in the bundle; with `write: false` it does nothing else. Only undici stays a dependency: it is large, and imported when the first write is sent.
 */
export async function bundle(
  entries: readonly string[],
  outdir: string,
  {
    chunks,
    write = true,
    external = [],
  }: { readonly chunks: string; readonly write?: boolean; readonly external?: readonly string[] },
): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [...entries],
    outdir,
    outbase: ".",
    chunkNames: `${chunks}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    external: [...Object.keys(manifest().dependencies), ...external],
    // A linked node_modules gives the same paths in comments and source maps as an installed one.
    preserveSymlinks: true,
    sourcemap: true,
    metafile: true,
    write,
    logLevel: "warning",
  });
  return Object.keys(metafile.inputs);
}

function manifest(): { readonly dependencies: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
}
