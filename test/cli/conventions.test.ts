import { describe, expect, it, onTestFinished, vi } from "vitest";
import { commands } from "../../src/cli/commands.js";
import { main } from "../../src/cli/program.js";
import { parseArguments } from "../../src/cli/terminal/arguments.js";
import { prefersColour } from "../../src/config/terminal.js";
import { evsys, offlineMirror } from "../support/cli.js";
import { API_KEY } from "../support/clients.js";
import { command } from "../support/command.js";
import { temporaryFolder } from "../support/folders.js";

const all = Object.entries(commands);
const names = all.map(([name]) => name);
/** Makes the first line that a command prints throw an unexpected error. */
const FAILING = `data:text/javascript,${encodeURIComponent(`
  process.stdout.write = () => { throw new Error("no paper; ${API_KEY}\\u001b[31m", { cause: new TypeError("no tree") }); };
`)}`;

/** What goes to stderr when a command is run in this process. */
async function complaint(...args: string[]): Promise<string> {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => write.mockRestore());
  expect(await main(args)).toBe(2);
  return write.mock.calls.map(([text]) => String(text)).join("");
}

describe("each command", () => {
  it.each(names)("has help with at least two examples, the exit codes and --verbose: %s", async (name) => {
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    expect(await main([name, "--help"])).toBe(0);
    const help = write.mock.calls.map(([text]) => String(text)).join("");
    const part = (title: string): string[] => (help.split(`${title}\n`)[1] ?? "").split("\n\n")[0]?.split("\n") ?? [];
    expect(part("Examples:").length).toBeGreaterThanOrEqual(2);
    const codes = part("Exit codes (the highest that applies):").filter((line) => /^ {2}\d {2}\w/.test(line));
    expect(codes.map((line) => line[2])).toEqual(expect.arrayContaining(["0", "2"]));
    expect(help).toContain("  --verbose ");
    for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });

  it.each(all)("has examples with valid options: %s", (name, { examples, options }) => {
    for (const example of examples) {
      const [, command, rest = ""] = /evsys-sdk (\w+)([^|)]*)/.exec(example) ?? [];
      expect(command).toBe(name);
      parseArguments(rest.split(" ").filter(Boolean), options);
    }
  });

  it.each(names)("suggests --verbose for a misspelled option: %s", async (name) => {
    expect(await complaint(name, "--verbos")).toBe("evsys-sdk: Unknown option --verbos; did you mean --verbose?\n");
  });
});

describe("an unexpected error", () => {
  it("prints one line that says how to see the stack, without the key", async () => {
    const { logDir } = await offlineMirror(1);
    const variables = { EVSYS_API_KEY: API_KEY };
    const nodeOptions = ["--import", FAILING];
    const { code, stderr } = await evsys(["status", logDir], variables, { nodeOptions }).ended;
    expect(code).toBe(2);
    expect(stderr).toBe(
      "evsys-sdk: no paper; [API key]\\u001b[31m\nThis error is unexpected; use --verbose to show its stack.\n",
    );
  });

  it("prints its stack and cause with --verbose, without the key", async () => {
    const { logDir } = await offlineMirror(1);
    const nodeOptions = ["--import", FAILING];
    const [fromVariable, fromOption] = await Promise.all([
      evsys(["status", "--verbose", logDir], { EVSYS_API_KEY: API_KEY }, { nodeOptions }).ended,
      evsys(["mock", "--port", "0", "--api-key", API_KEY, "--verbose"], {}, { nodeOptions }).ended,
    ]);
    for (const { code, stderr } of [fromVariable, fromOption]) {
      expect(code).toBe(2);
      expect(stderr).toContain("evsys-sdk: no paper; [API key]\\u001b[31m\n  Error: no paper");
      expect(stderr).toMatch(/^ {6}at Output\.line .*src\/cli/m);
      expect(stderr).toContain("  TypeError: no tree\n");
      expect(stderr).not.toContain(API_KEY);
      expect(stderr).not.toContain("\u001b");
      expect(stderr).not.toContain("use --verbose");
    }
  });

  it("has no stack if the command line is invalid", async () => {
    const { stderr } = await evsys(["status", "missing", "--verbose"], {}, { cwd: temporaryFolder() }).ended;
    expect(stderr).toBe('evsys-sdk: "missing" does not exist; pass the mirror\'s folder, or set EVSYS_LOG_DIR.\n');
  });
});

describe("colours", () => {
  const [terminal, pipe] = [{ isTTY: true }, {}];

  it.each([
    [terminal, {}, true],
    [pipe, {}, false],
    [terminal, { NO_COLOR: "1" }, false],
    [terminal, { NO_COLOR: "" }, true],
    [terminal, { TERM: "dumb" }, false],
    [pipe, { FORCE_COLOR: "1" }, true],
    [pipe, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
    [pipe, { FORCE_COLOR: " " }, false],
    [terminal, { FORCE_COLOR: "0" }, false],
    [terminal, { FORCE_COLOR: "false" }, false],
  ])("on %j with %j are %j", (stream, environment, expected) => {
    expect(prefersColour(stream, environment)).toBe(expected);
  });

  it("are kept in a pipe with FORCE_COLOR, but never used in JSON", async () => {
    const { logDir } = await offlineMirror(1);
    const forced = { FORCE_COLOR: "1" };
    const [text, json, plain] = await Promise.all([
      command(["status", logDir], forced),
      command(["status", logDir, "--json"], forced),
      command(["status", logDir]),
    ]);
    expect(text.stdout).toContain("Total: \u001b[33m7 pending\u001b[39m.");
    for (const { stdout } of [json, plain]) expect(stdout).not.toContain("\u001b");
  });
});
