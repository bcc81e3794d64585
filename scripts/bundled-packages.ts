import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./project.js";

/** A package whose code is in dist/. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** The text of its licence file. */
  readonly text: string;
}

const PACKAGE_FOLDER = /node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/g;

/** The packages that these bundled files belong to, and those inlined in the generated validators, sorted by name. */
export function bundledPackages(files: readonly string[]): BundledPackage[] {
  const validators = readFileSync(join(ROOT, "generated/validators.js"), "utf8");
  const comments = validators.match(/^\/\/ node_modules\/.*/gm) ?? [];
  const folders = [...files, ...comments].flatMap((path) => {
    const nested = [...path.matchAll(PACKAGE_FOLDER)].at(-1);
    return nested === undefined ? [] : [path.slice(path.indexOf("node_modules"), nested.index + nested[0].length)];
  });
  return [...new Set(folders)].sort().map(bundledPackage);
}

/** The text of THIRD_PARTY_LICENSES.txt. */
export function licencesOf(packages: readonly BundledPackage[]): string {
  const sections = packages.map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}`);
  return [`The files in this folder contain code of these packages.\n`, ...sections].join(`\n${"-".repeat(72)}\n\n`);
}

function bundledPackage(folder: string): BundledPackage {
  const path = join(ROOT, folder);
  const manifest: Omit<BundledPackage, "text"> = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const file = readdirSync(path).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) throw new Error(`${folder} has no licence file.`);
  const { name, version, license } = manifest;
  return { name, version, license, text: `${readFileSync(join(path, file), "utf8").trim()}\n` };
}
