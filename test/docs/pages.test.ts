import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { zPrediction } from "../../generated/schemas.js";
import { ROUTES } from "../../src/api/routes.js";
import { commands } from "../../src/cli/commands.js";
import { REPOSITORY } from "../support/folders.js";
import { PAGES, pageText, textsOf } from "../support/pages.js";

const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));
/** Written by a command. */
const BUILT = ["docs/reference"];

describe("the documentation pages", () => {
  const linked = (page: string) =>
    [
      ...pageText(page)
        .replaceAll(/^```.*?^```$/gms, "")
        .matchAll(/\]\(([^)]+)\)/g),
    ]
      .map(([, target = ""]) => target)
      .filter((target) => !/^https?:/.test(target));
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-");
  const anchors = (page: string) => [...pageText(page).matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => slug(text));

  it.each([...PAGES, "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])("%s has valid links", (page) => {
    const broken = linked(page).filter((target) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(REPOSITORY, file))) return true;
      return anchor !== undefined && !anchors(file).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it("are all linked from the README", () => {
    const targets = linked("README.md");
    expect(PAGES.filter((page) => page !== "README.md" && !targets.includes(page))).toEqual([]);
  });

  it("list every option of the client in a table", () => {
    const options = [...readFileSync(join(REPOSITORY, "src/config.ts"), "utf8").matchAll(/^ {2}readonly (\w+)\?:/gm)];
    expect(options.length).toBeGreaterThan(10);
    const page = pageText("docs/options.md");
    expect(options.map(([, name]) => name).filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
  });

  it("list every field of the schema in the table of its method", () => {
    const page = pageText("docs/data-types.md");
    const missing = Object.entries(ROUTES).flatMap(([method, { body }]) => {
      const row = page.split("\n").find((line) => line.startsWith("|") && line.includes(`\`${method}\``)) ?? "";
      const shape = method === "logPredictions" ? zPrediction.shape : body.shape;
      return Object.keys(shape)
        .filter((field) => !new RegExp(`\\b${field}\\b`).test(row))
        .map((field) => `${method}: ${field}`);
    });
    expect(missing).toEqual([]);
  });

  it("list every command", () => {
    const all = PAGES.map(pageText).join("\n");
    expect(Object.keys(commands).filter((name) => !all.includes(`evsys-sdk ${name}`))).toEqual([]);
  });

  it("list every option of every command", () => {
    const all = PAGES.map(pageText).join("\n");
    const named = Object.entries(commands).flatMap(([name, { options }]) =>
      Object.keys(options).map((option) => ({ option, name })),
    );
    expect(named.filter(({ option }) => !new RegExp(`--${option}\\b`).test(all))).toEqual([]);
  });

  it("refer only to npm scripts that exist", () => {
    const named = [...PAGES, "CONTRIBUTING.md"].flatMap((page) =>
      [...pageText(page).matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name),
    );
    expect(named).toContain("schema:diff");
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe("the table in CONTRIBUTING.md", () => {
  const map = textsOf("CONTRIBUTING.md", "text").join("");

  it.each([...map.matchAll(/^ ?\d+ {2}(src\/\S+) +#?(\w+) /gm)].map(([, path = "", name = ""]) => ({ path, name })))(
    "is right about $name in $path",
    ({ path, name }) => {
      // A declaration: `name(` or `name<` at the start of a line, but for modifiers.
      const declaration = new RegExp(`^(export )?(async )?(function )?\\s*#?${name}[(<]`, "m");
      expect(declaration.test(readFileSync(join(REPOSITORY, path), "utf8"))).toBe(true);
    },
  );

  it("has at most ten steps", () => {
    expect(map.trim().split("\n").length).toBeLessThanOrEqual(10);
  });
});

describe("CONTRIBUTING.md, SECURITY.md and the pages", () => {
  it("refer only to files of the repository that exist", () => {
    const named = [...PAGES, "CONTRIBUTING.md", "SECURITY.md"].flatMap((page) =>
      [...pageText(page).matchAll(/`((?:src|test|openapi|docs|scripts|examples)\/[\w./-]*\w)/g)].map(
        ([, path = ""]) => path,
      ),
    );
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter((path) => !existsSync(join(REPOSITORY, path)) && !BUILT.includes(path))).toEqual([]);
  });
});
