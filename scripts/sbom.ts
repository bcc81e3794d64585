import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./project.js";

/**
 * `npm run sbom`: what an installed package brings along, as CycloneDX JSON, from the lockfile. `npm sbom --omit dev` leaves
 * out what a development tool needs as well, ajv for one, so the whole is asked for and the rest left out here.
 */
interface Component {
  readonly "bom-ref": string;
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

const edges = new Map(bom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
const root = bom.metadata.component["bom-ref"];
const direct = (edges.get(root) ?? []).filter((ref) => ref.slice(0, ref.lastIndexOf("@")) in manifest.dependencies);
const missing = Object.keys(manifest.dependencies).filter((name) => !direct.some((ref) => ref.startsWith(`${name}@`)));
if (missing.length > 0) throw new Error(`The lockfile lacks ${missing.join(", ")}.`);

const kept = new Set(direct);
for (const ref of kept) for (const next of edges.get(ref) ?? []) kept.add(next);
const dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref) || ref === root)
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((next) => kept.has(next)) }));
const components = bom.components.filter((component) => kept.has(component["bom-ref"]));
console.log(JSON.stringify({ ...bom, components, dependencies }, undefined, 2));
