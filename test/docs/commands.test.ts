import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.js";
import { cleanEnvironment, run } from "../support/children.js";
import { connection, offlineMirror } from "../support/cli.js";
import { mockServer } from "../support/clients.js";
import { REPOSITORY, temporaryFolder } from "../support/folders.js";
import { installedPackage } from "../support/packed.js";
import { blocksOf, PAGES, pageText, textsOf } from "../support/pages.js";
import { until } from "../support/servers.js";

const { scripts, version } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));

const lines = PAGES.flatMap(blocksOf)
  .filter(({ mark }) => mark === "sh")
  .flatMap(({ text }) =>
    text
      .replaceAll(/\\\n\s*/g, "")
      .trim()
      .split("\n"),
  );
const ofPackage = [...new Set(lines.filter((line) => /^npx evsys-sdk (?!mock\b|contract\b)/.test(line)))];
const isServer = (line: string) => /^npx evsys-sdk ui\b/.test(line) && !line.includes("--html");

/** Written by a command. */
const BUILT = ["docs/reference"];

/** The exit code where a mirror has pending writes: `doctor` names them as something to do, a dry run as pending. */
function expectedCode(line: string): number {
  if (line.includes("--dry-run")) return 3;
  return line.endsWith(" doctor") ? 1 : 0;
}

/** The lines that are run elsewhere or cannot be run here, and what of them is checked. */
const OTHERS: readonly (readonly [RegExp, (match: RegExpExecArray) => void])[] = [
  // Run by mock.test.ts, snippets.test.ts and parquet.test.ts, by test/cli/contract.test.ts, and in test/runtimes.
  [
    /^npx evsys-sdk (mock|contract)$|^curl |^EVSYS_OFFLINE=1 node train\.mjs$|^duckdb -c |^node --experimental-/,
    () => {},
  ],
  // Run by .ci/run, by test/schema or by test/scripts.
  [
    /^npm (?:ci && npm )?(?:run )?(test|demo|pack|schema:diff|schema:update)\b/,
    ([, name = ""]) => {
      expect(name === "pack" || name in scripts).toBe(true);
    },
  ],
  [/^npm ci && npm pack$/, () => {}],
  [/^npm run typecheck && npm test$/, () => {}],
  [/^npm install \.\.\/evsys-sdk\/evsys-sdk-(.+)\.tgz$/, ([, of]) => expect(of).toBe(version)],
  [/^export (?:EVSYS_\w+=\S+ ?)+$/, () => {}],
  [/^ssh -L (\d+):localhost:\1 gpu-box npx evsys-sdk ui /, () => {}],
];

describe("the commands of the pages", () => {
  let main = "";
  beforeAll(async () => {
    main = join(await installedPackage(), "dist/src/cli/main.js");
  }, 180_000);

  it("are all known", () => {
    const unknown = lines.filter((line) => {
      if (ofPackage.includes(line)) return false;
      const [known] = OTHERS.flatMap(([pattern, check]) => {
        const match = pattern.exec(line);
        return match === null ? [] : [{ match, check }];
      });
      known?.check(known.match);
      return known === undefined;
    });
    expect(unknown).toEqual([]);
  });

  it.each(ofPackage)("run: %s", async (line) => {
    const folder = temporaryFolder();
    for (const name of ["evsys_sdk", "a/evsys_sdk", "b/evsys_sdk"]) await offlineMirror(1, join(folder, name));
    const server = await mockServer();
    // No browser is opened, and the port is a free one.
    const args = line
      .split(" ")
      .slice(2)
      .filter((word) => word !== "--open");
    const options = { cwd: folder, env: cleanEnvironment(connection(server)) };
    const child = run(process.execPath, [main, ...args, ...(isServer(line) ? ["--port", "0"] : [])], options);
    if (isServer(line)) {
      await until(() => child.stdout().includes("http://") || child.process.exitCode !== null);
      child.process.kill("SIGINT");
    }
    const { code, stderr } = await child.ended;
    expect({ code, stderr }).toEqual({ code: expectedCode(line), stderr: "" });
  });
});

describe("the pages", () => {
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

  it.each([...PAGES, "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])("%s links to what is there", (page) => {
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

  it("have every option of the client, in a table", () => {
    const options = [...readFileSync(join(REPOSITORY, "src/config.ts"), "utf8").matchAll(/^ {2}readonly (\w+)\?:/gm)];
    expect(options.length).toBeGreaterThan(10);
    const page = pageText("docs/options.md");
    expect(options.map(([, name]) => name).filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
  });

  it("name every command", () => {
    const all = PAGES.map(pageText).join("\n");
    expect(Object.keys(commands).filter((name) => !all.includes(`evsys-sdk ${name}`))).toEqual([]);
  });

  it("name only npm scripts that exist", () => {
    const named = [...PAGES, "CONTRIBUTING.md"].flatMap((page) =>
      [...pageText(page).matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name),
    );
    expect(named).toContain("schema:diff");
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe("the map in CONTRIBUTING.md", () => {
  const map = textsOf("CONTRIBUTING.md", "text").join("");

  it.each([...map.matchAll(/^ ?\d+ {2}(src\/\S+) +#?(\w+) /gm)].map(([, path = "", name = ""]) => ({ path, name })))(
    "is right about $name in $path",
    ({ path, name }) => {
      // A declaration: `name(` or `name<` at the start of a line, but for modifiers.
      const declaration = new RegExp(`^(export )?(async )?(function )?\\s*#?${name}[(<]`, "m");
      expect(readFileSync(join(REPOSITORY, path), "utf8")).toMatch(declaration);
    },
  );

  it("has ten stops at most, and names only files that exist", () => {
    expect(map.trim().split("\n").length).toBeLessThanOrEqual(10);
    const named = [...pageText("CONTRIBUTING.md").matchAll(/\b(?:src|test|openapi|docs)\/[\w./-]*\w/g)];
    expect(named.length).toBeGreaterThan(30);
    expect(
      named.map(([path]) => path).filter((path) => !existsSync(join(REPOSITORY, path)) && !BUILT.includes(path)),
    ).toEqual([]);
  });
});
