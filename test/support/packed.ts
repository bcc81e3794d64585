import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import { REPOSITORY } from "./folders.js";

/** The used fields of package.json. */
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The folder of the installed package, packed once for all tests. Do not write to it. */
export async function installedPackage(): Promise<string> {
  const response = await fetch(inject("packUrl"));
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

/** An empty project with the package and its dependencies installed. Returns the project's folder. */
export async function projectWithPackage(folder: string, compilerOptions: object = {}): Promise<string> {
  const project = join(folder, "project");
  const installed = join(project, "node_modules", "evsys-sdk");
  mkdirSync(installed, { recursive: true });
  cpSync(await installedPackage(), installed, { recursive: true });
  const { dependencies }: Manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies)) link(project, name);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  return project;
}

/** Links one of our installed packages into a project. */
export function link(project: string, name: string): void {
  const target = join(project, "node_modules", name);
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(join(REPOSITORY, "node_modules", name), target);
}
