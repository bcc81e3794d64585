/** Writes dist/: the bundled entries with their source maps, their types, and the licences of what they bundle. */
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { BUNDLES, bundle } from "./bundle.js";
import { bundledPackages, licencesOf } from "./bundled-packages.js";
import { ROOT } from "./project.js";

const DIST = join(ROOT, "dist");
/** Bundled packages whose types are part of the public types. */
const INLINED = ["openapi-fetch", "openapi-typescript-helpers"];

rmSync(DIST, { recursive: true, force: true });
const files = await Promise.all(BUNDLES.map(({ entries, chunks }) => bundle(entries, "dist", { chunks })));
chmodSync(join(DIST, "src/cli/main.js"), 0o755);

// One file per entry: the compiler of a user need not find the types of a bundled package.
const types = await rollup({
  input: { index: join(ROOT, "src/index.ts"), "testing/index": join(ROOT, "src/testing/index.ts") },
  external: (name) => /^[^./]/.test(name) && !INLINED.includes(name),
  plugins: [dts({ tsconfig: join(ROOT, "tsconfig.build.json"), includeExternal: INLINED })],
});
const { output } = await types.write({
  dir: join(DIST, "src"),
  entryFileNames: "[name].d.ts",
  chunkFileNames: "chunks/[name]-[hash].d.ts",
});
await types.close();
const chunks = output.filter((file) => file.type === "chunk");
const imported = chunks.flatMap(({ imports }) => imports);
const unresolved = imported.filter((name) => !name.startsWith("node:") && !name.endsWith(".d.ts"));
if (unresolved.length > 0) throw new Error(`The public types need ${unresolved.join(", ")}, which users do not have.`);

const packages = bundledPackages([...files.flat(), ...chunks.flatMap(({ moduleIds }) => moduleIds)]);
writeFileSync(join(DIST, "THIRD_PARTY_LICENSES.txt"), licencesOf(packages));
