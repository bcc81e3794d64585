import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BUNDLES, bundle } from "./bundle.js";
import { bundledPackages } from "./bundled-packages.js";
import { ROOT } from "./project.js";

/**
 * `npm run sbom`: the packages that an install brings and those bundled into dist/, as CycloneDX JSON, from the lockfile.
 * `npm sbom --omit dev` would leave out the bundled ones, which are development dependencies.
 */
interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly properties?: readonly { readonly name: string }[];
}

interface Bom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const args = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx"];
const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
const bom: Bom = JSON.parse(
  execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024, stdio }),
);
const manifest: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(ROOT, "package.json"), "utf8"),
);

const files = BUNDLES.map(({ entries, chunks }) => bundle(entries, "dist", { chunks, write: false }));
const bundled = bundledPackages((await Promise.all(files)).flat());

const edges = new Map(bom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
const root = bom.metadata.component["bom-ref"];
const direct = (edges.get(root) ?? []).filter((ref) => ref.slice(0, ref.lastIndexOf("@")) in manifest.dependencies);

const kept = new Set(direct);
for (const ref of kept) for (const next of edges.get(ref) ?? []) kept.add(next);
for (const { name, version } of bundled) kept.add(`${name}@${version}`);

const wanted = [...Object.keys(manifest.dependencies), ...bundled.map(({ name }) => name)];
const missing = wanted.filter(
  (name) => !bom.components.some((each) => kept.has(each["bom-ref"]) && each.name === name),
);
if (missing.length > 0) throw new Error(`The lockfile lacks ${missing.join(", ")}.`);

const dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref) || ref === root)
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((next) => kept.has(next)) }));
// npm marks what is bundled as optional, for development.
const components = bom.components
  .filter((component) => kept.has(component["bom-ref"]))
  .map(({ properties = [], ...component }) => ({
    ...component,
    scope: "required",
    properties: properties.filter(({ name }) => name !== "cdx:npm:package:development"),
  }));
console.log(JSON.stringify({ ...bom, components, dependencies }, undefined, 2));
