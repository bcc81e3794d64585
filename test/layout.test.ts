import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { pathsBelow, REPOSITORY } from "./support/folders.js";

/** The layers of src/, from the top: a layer imports itself and those below it. Layers of one line do not import each other. */
const LAYERS = [
  ["cli", "index"],
  ["client", "viewer", "contract"],
  ["run", "testing"],
  ["delivery"],
  ["journal", "http"],
  ["store"],
  ["api"],
  ["config"],
  ["logger"],
  ["util"],
  ["errors"],
  ["generated"],
];

const SOURCES = resolve(REPOSITORY, "src");
const files = pathsBelow(SOURCES)
  .map((path) => resolve(SOURCES, path))
  .filter((path) => path.endsWith(".ts") && !path.includes("/viewer/browser/"));

/** The imports of each source. */
const imports = new Map(files.map((path) => [path, importsOf(path)]));

/** The sources that a source imports; `isErased` imports are types alone, which leave nothing in the JavaScript. */
function importsOf(path: string): { readonly target: string; readonly isErased: boolean }[] {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
  return source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier: name } = statement;
    if (name === undefined || !ts.isStringLiteral(name) || !name.text.startsWith(".")) return [];
    const target = resolve(dirname(path), name.text).replace(/\.js$/, ".ts");
    return { target, isErased: ts.isImportDeclaration(statement) && isTypeOnly(statement.importClause) };
  });
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined || clause.isTypeOnly) return clause !== undefined;
  const bindings = clause.namedBindings;
  return bindings !== undefined && ts.isNamedImports(bindings) && bindings.elements.every((each) => each.isTypeOnly);
}

/** The name of a layer: a folder of src/, a file beside them, or `generated`. */
function layerOf(path: string): string {
  const [first = ""] = relative(SOURCES, path).split("/");
  return first === ".." ? "generated" : first.replace(/\.ts$/, "");
}

const rankOf = (path: string) => LAYERS.findIndex((names) => names.includes(layerOf(path)));

describe("the source files", () => {
  it("all belong to a layer", () => {
    const unassigned = files.filter((path) => rankOf(path) === -1);
    expect(unassigned).toEqual([]);
  });

  it("import only their own layer and those below it", () => {
    const wrong = files.flatMap((path) =>
      (imports.get(path) ?? [])
        .filter(({ target }) => layerOf(target) !== layerOf(path) && rankOf(target) <= rankOf(path))
        .map(({ target }) => `${relative(REPOSITORY, path)} imports ${relative(REPOSITORY, target)}`),
    );
    expect(wrong).toEqual([]);
  });

  it("have no import cycle", () => {
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, above: readonly string[]): void => {
      if (above.includes(path)) {
        const cycle = [...above.slice(above.indexOf(path)), path];
        cycles.push(cycle.map((each) => relative(SOURCES, each)).join(" → "));
      }
      if (done.has(path)) return;
      done.add(path);
      for (const { target, isErased } of imports.get(path) ?? [])
        if (!isErased && target.startsWith(SOURCES)) visit(target, [...above, path]);
    };
    for (const path of files) visit(path, []);
    expect(cycles).toEqual([]);
  });
});
