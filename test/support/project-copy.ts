import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, parseDocument } from "yaml";
import { type Ended, run } from "./children.js";
import { DOCUMENT_PATH } from "./document.js";
import { REPOSITORY, temporaryFolder } from "./folders.js";

const COPIED = ["openapi", "scripts", "generated", "src", "package.json", "tsconfig.json", "redocly.yaml"];

/** A copy of the project that scripts may change. */
export function projectCopy(): string {
  const copy = temporaryFolder();
  for (const name of COPIED) cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
  symlinkSync(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
  return copy;
}

export function textOf(project: string, name: string): string {
  return readFileSync(join(project, name), "utf8");
}

/** Runs one of the project's npm scripts. */
export function npm(project: string, ...script: string[]): Promise<Ended> {
  return run("npm", ["run", "--silent", ...script], { cwd: project }).ended;
}

/** Compares a schema file or URL with the schema of the repository. */
export function schemaDiff(...sources: readonly string[]): Promise<Ended> {
  return npm(REPOSITORY, "schema:diff", ...(sources.length > 0 ? ["--", ...sources] : []));
}

export function documentFile(text: string, name = "newer.yaml"): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

/** Compiles files of a project that import the package by name; returns the compiler's output. */
export async function compiled(project: string, ...include: string[]): Promise<string> {
  const config = {
    extends: "./tsconfig.json",
    compilerOptions: { paths: { "evsys-sdk": ["./src/index.ts"] } },
    include,
  };
  writeFileSync(join(project, "tsconfig.test.json"), JSON.stringify(config));
  const args = [join("node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.test.json", "--pretty", "false"];
  return (await run(process.execPath, args, { cwd: project }).ended).stdout;
}

/** A change to the parsed schema. */
export type Edit = (document: Document) => void;

/** Sets a value, at a path in a named schema or (with a leading slash) from the root. */
export function set(path: string, value: unknown): Edit {
  return (document) => document.setIn(stepsOf(path), document.createNode(value));
}

/** Removes a value. */
export function remove(path: string): Edit {
  return (document) => {
    if (!document.deleteIn(stepsOf(path))) throw new Error(`The document has no ${path}`);
  };
}

/** Our schema with some changes, as text. */
export function newerDocument(...edits: readonly Edit[]): string {
  const document = parseDocument(readFileSync(DOCUMENT_PATH, "utf8"));
  for (const edit of edits) edit(document);
  return document.toString({ lineWidth: 0 });
}

/** Steps are separated by spaces, because paths contain slashes and dots. */
function stepsOf(path: string): string[] {
  const steps = path.split(" ");
  return steps[0] === "" ? steps.slice(1) : ["components", "schemas", ...steps];
}
