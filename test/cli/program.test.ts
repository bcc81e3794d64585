import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { main } from "../../src/cli/program.js";
import { escapeControls, failureLine, size } from "../../src/cli/terminal/text.js";
import { didYouMean } from "../../src/util/did-you-mean.js";
import { evsys, jsonOf, OBEYED, offlineMirror } from "../support/cli.js";
import { command } from "../support/command.js";
import { temporaryFolder } from "../support/folders.js";

/** Prints the address of every module that is loaded. */
const LOADED = `data:text/javascript,${encodeURIComponent(`
  import { register } from "node:module";
  const hooks = "export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }";
  register("data:text/javascript," + encodeURIComponent(hooks));
`)}`;

describe("the evsys-sdk command", () => {
  it.each([["--help"], ["-h"], ["help"]])("prints its help to stdout for %s", async (option) => {
    const { code, stdout, stderr } = await command([option]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const word of ["sync", "status", "clean", "--version", "Example", "npx evsys-sdk sync"]) {
      expect(stdout).toContain(word);
    }
    for (const exit of [0, 1, 2, 3, 4]) expect(stdout).toMatch(new RegExp(`^ {2}${exit} {2}\\w`, "m"));
  });

  it.each([
    [
      ["sync", "--help"],
      ["--dry-run", "--watch", "--retry-rejected", "--adopt", "--concurrency n", "--json", "  4  "],
    ],
    [
      ["status", "-h"],
      ["--json", "  2  "],
    ],
    [
      ["clean", "-h", "--nonsense"],
      ["--days n", "--yes", "--json", "  2  "],
    ],
    [
      ["help", "clean"],
      ["--days n", "--yes", "--json", "  2  "],
    ],
  ])("prints the help of a command for %j", async (args, words) => {
    const { code, stdout, stderr } = await command(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const word of [...words, "Usage: evsys-sdk", "Example", "Exit codes"]) expect(stdout).toContain(word);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });

  it("prints its version", async () => {
    const { version }: { version: string } = createRequire(import.meta.url)("../../package.json");
    expect(await command(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("prints its help to stderr and exits with 2 without arguments", async () => {
    const { code, stdout, stderr } = await command([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Usage: evsys-sdk <command>");
  });

  it.each([
    [["snyc"], "Unknown command snyc; did you mean sync?"],
    [["sync", "--dry"], "Unknown option --dry; did you mean --dry-run?"],
    [["sync", "--concurrency", "2.5"], '--concurrency must be an integer of at least 1, not "2.5".'],
    [["status", "missing"], '"missing" does not exist; pass the mirror\'s folder, or set EVSYS_LOG_DIR.'],
    [["clean", "\u001b[31mred"], '"\\u001b[31mred" does not exist; '],
  ])("reports in one line what is wrong with %j, and exits with 2", async (args, message) => {
    const { code, stdout, stderr } = await command(args, {}, { cwd: temporaryFolder() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.split("\n")).toEqual([expect.stringContaining(`evsys-sdk: ${message}`), ""]);
    expect(stderr.trimEnd()).not.toMatch(OBEYED);
  });

  it.each([
    [["stat"], "Unknown command stat; did you mean status?"],
    [
      ["toString"],
      "Unknown command toString; known: sync, status, ui, export, clean, doctor, mock, contract, completion.",
    ],
    [["help", "claen"], "Unknown command claen; did you mean clean?"],
    [["--verison"], "Unknown option --verison; did you mean --version?"],
    [["--json", "sync"], "The command comes first: evsys-sdk sync --json."],
    [["sync", "--retry-regected"], "Unknown option --retry-regected; did you mean --retry-rejected?"],
    [
      ["status", "--watch"],
      "Unknown option --watch; known: --run, --experiment, --failed, --limit, --summary, --compare, --json, --verbose, --help.",
    ],
    [
      ["status", "--constructor"],
      "Unknown option --constructor; known: --run, --experiment, --failed, --limit, --summary, --compare, --json, --verbose, --help.",
    ],
    [["sync", "-j"], "Unknown option -j; known: --dry-run, --watch, "],
    [["sync", "--json=yes"], '--json accepts no value, got "yes".'],
    [["sync", "--concurrency"], "--concurrency requires a value: --concurrency n."],
    [["sync", "--concurrency", "0"], '--concurrency must be an integer of at least 1, not "0".'],
    [["sync", "--concurrency", "--json"], '--concurrency must be an integer of at least 1, not "--json".'],
    [["clean", "--days=week"], '--days must be a number of at least 0, not "week".'],
    [["clean", "--days=-1"], '--days must be a number of at least 0, not "-1".'],
    [["sync", "--dry-run", "--watch"], "--dry-run and --watch cannot be combined."],
  ])("reports in one line what is wrong with %j", async (args, message) => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    expect(await main(args)).toBe(2);
    expect(write.mock.calls).toEqual([[expect.stringContaining(`evsys-sdk: ${message}`)]]);
  });

  it("loads only the modules that a command needs", async () => {
    const { logDir } = await offlineMirror();
    /** The text of the files that a command has loaded; a bundle names in a comment what each part of it comes from. */
    const loadedBy = async (...args: string[]): Promise<string> => {
      const { stderr } = await evsys(args, {}, { nodeOptions: ["--import", LOADED] }).ended;
      const files = stderr.split("\n").filter((line) => line.startsWith("file:"));
      return files.map((url) => `// ${url}\n${readFileSync(new URL(url), "utf8")}`).join("");
    };
    const [help, status] = await Promise.all([loadedBy("--help"), loadedBy("status", logDir)]);
    expect(help).toContain("// src/cli/main.ts");
    for (const name of ["zod", "undici", "openapi-fetch", "lowdb"])
      expect(help).not.toMatch(new RegExp(`^// .*/${name}/`, "m"));
    expect(status).toMatch(/^\/\/ .*\/lowdb\//m);
    for (const name of ["undici", "openapi-fetch"]) expect(status).not.toMatch(new RegExp(`^// .*/${name}/`, "m"));
  });

  it("keeps running when the reader of its output stops", async () => {
    const { logDir } = await offlineMirror();
    const child = evsys(["status", logDir]);
    child.process.stdout.destroy();
    expect(await child.ended).toMatchObject({ code: 0, signal: null, stderr: "" });
  });

  it("treats arguments after -- as folders", async () => {
    const { stderr } = await command(["status", "--", "--json"], {}, { cwd: temporaryFolder() });
    expect(stderr).toContain('"--json" does not exist');
  });

  it("reports that a folder is empty", async () => {
    const folder = temporaryFolder();
    for (const name of ["status", "clean"]) {
      const { code, stdout, stderr } = await command([name, folder, "--json"]);
      expect(code).toBe(0);
      expect(jsonOf(stdout)).toBeTypeOf("object");
      expect(stderr).toBe(`${folder} is empty: nothing has been written to it yet.\n`);
    }
  });

  it("rejects a folder that is not a mirror, and suggests the mirror nearby", async () => {
    const [cwd, other] = [temporaryFolder(), temporaryFolder()];
    const { logDir } = await offlineMirror(1, join(cwd, "evsys_sdk"));
    writeFileSync(join(other, "notes.txt"), "");
    const meant = `did you mean ${realpathSync(logDir)}?`;
    for (const name of ["status", "sync", "clean"]) {
      for (const [folder, wayOut] of [
        [cwd, meant],
        [join(logDir, "generations"), meant],
        [other, "pass the mirror's folder, or set EVSYS_LOG_DIR."],
      ] as const) {
        const { code, stdout, stderr } = await command([name, folder]);
        expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
        expect(stderr).toBe(
          `evsys-sdk: ${JSON.stringify(folder)} is not a mirror: it has neither experiments/ nor generations/; ${wayOut}\n`,
        );
      }
    }
  });
});

describe("text for the terminal", () => {
  it("escapes control characters", () => {
    expect(escapeControls("\u001b[2J\u009b31m\r\n\u0007\u007f\u202eé→\u2028")).toBe(
      "\\u001b[2J\\u009b31m\\u000d\\u000a\\u0007\\u007f\\u202eé→\\u2028",
    );
  });

  it("describes an error without its stack", () => {
    expect(failureLine(new Error("no\nway"))).toBe("evsys-sdk: no\\u000away\n");
    expect(failureLine("thrown")).toBe("evsys-sdk: thrown\n");
  });

  it("suggests the closest name, if there is one", () => {
    const names = ["--dry-run", "--watch", "--json"];
    expect(["--dry-rnu", "--Watch", "--jsn", "--dry", "--json-lines"].map((name) => didYouMean(name, names))).toEqual([
      "--dry-run",
      "--watch",
      "--json",
      "--dry-run",
      "--json",
    ]);
    expect(["--wet", "-x", "", "--"].map((name) => didYouMean(name, ["--dry-run", "--watch"]))).toEqual([
      undefined,
      undefined,
      undefined,
      "--dry-run",
    ]);
  });

  it("formats sizes", () => {
    expect([0, 999, 1_000, 1_234_567, 5e15].map(size)).toEqual([
      "0 bytes",
      "999 bytes",
      "1.0 kB",
      "1.2 MB",
      "5000.0 TB",
    ]);
  });
});
