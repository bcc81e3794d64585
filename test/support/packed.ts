import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { cleanEnvironment } from "./children.js";
import { REPOSITORY } from "./folders.js";

const execute = promisify(execFile);
const PACKED = ["LICENSE", "README.md", "CHANGELOG.md", "package.json", "tsconfig.json", "tsconfig.build.json"];
const SOURCES = ["src", "generated", "scripts", "openapi"];

/** Runs a command; where it fails, the error tells all that it said. */
async function call(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  await execute(command, args, options).catch((error: Error & { stdout?: string }) => {
    throw new Error(`${error.message}\n${error.stdout}`, { cause: error });
  });
}

/** What package.json says that matters here. */
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Packs the repository as it stands. In a copy, because packing builds, and building clears dist/. */
async function pack(folder: string): Promise<string> {
  const copy = join(folder, "repository");
  for (const name of [...PACKED, ...SOURCES].filter((each) => existsSync(join(REPOSITORY, each)))) {
    cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
  await call("npm", ["pack", "--pack-destination", folder], { cwd: copy, env: cleanEnvironment() });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  return join(folder, tarball);
}

/**
 * An empty project with the package installed as a registry would: what the tarball holds, beside links to the four
 * packages it depends on. Answers the project's folder.
 */
export async function projectWithPackage(folder: string, compilerOptions: object): Promise<string> {
  const project = join(folder, "project");
  const installed = join(project, "node_modules", "evsys-sdk");
  mkdirSync(installed, { recursive: true });
  await call("tar", ["-xzf", await pack(folder), "-C", installed, "--strip-components=1"]);
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
