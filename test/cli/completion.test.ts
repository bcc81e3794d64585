import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.js";
import { bashScript } from "../../src/cli/completion/bash.js";
import { fishScript } from "../../src/cli/completion/fish.js";
import { zshScript } from "../../src/cli/completion/zsh.js";
import { command } from "../support/command.js";
import { temporaryFolder } from "../support/folders.js";

const NAMES = Object.keys(commands);
const hasShell = (shell: string): boolean => spawnSync(shell, ["--version"]).status === 0;

/** What a shell says of lines, with the script in a file `script` beside it. */
function shell(name: string, script: string, lines: string, cwd = temporaryFolder()): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "script"), script);
  const { status, stdout, stderr } = spawnSync(name, ["-c", lines, name, join(folder, "script")], {
    cwd,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** What bash offers at the end of a line, as it would be asked for it. */
function offered(words: readonly string[], cwd?: string): string[] {
  const line = words.map((word) => `'${word}'`).join(" ");
  const lines = `. "$1"; COMP_WORDS=(evsys-sdk ${line}); COMP_CWORD=${words.length}; _evsys_sdk; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return shell("bash", bashScript(commands), lines, cwd)
    .split("\n")
    .filter((word) => word !== "");
}

describe("evsys-sdk completion", () => {
  it("prints only the script of the shell", async () => {
    const [bash, zsh, fish] = await Promise.all(["bash", "zsh", "fish"].map((name) => command(["completion", name])));
    expect(bash).toMatchObject({ code: 0, stdout: bashScript(commands), stderr: "" });
    expect(zsh).toMatchObject({ code: 0, stdout: zshScript(commands), stderr: "" });
    expect(fish).toMatchObject({ code: 0, stdout: fishScript(commands), stderr: "" });
  });

  it.each([
    [[], "completion requires one shell: evsys-sdk completion bash, zsh or fish."],
    [["bash", "zsh"], "completion requires one shell: "],
    [["fsih"], "Unknown shell fsih; did you mean fish?"],
    [["powershell"], "Unknown shell powershell; known: bash, zsh, fish."],
  ])("reports an invalid argument: %j", async (args, message) => {
    const { code, stdout, stderr } = await command(["completion", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(`evsys-sdk: ${message}`);
  });
});

describe("the bash script", () => {
  it("completes evsys-sdk after it is loaded", () => {
    expect(shell("bash", bashScript(commands), '. "$1"; complete -p evsys-sdk')).toBe(
      "complete -F _evsys_sdk evsys-sdk\n",
    );
  });

  it("completes command names, also after help", () => {
    expect(offered([""])).toEqual([...NAMES, "help", "--help", "--version"]);
    expect(offered(["sy"])).toEqual(["sync"]);
    expect(offered(["help", ""])).toEqual(NAMES);
    expect(offered(["nonsense", "--"])).toEqual([]);
  });

  it.each(Object.entries(commands))("offers the options of %s", (name, { options }) => {
    expect(offered([name, "--"])).toEqual(Object.keys(options).map((option) => `--${option}`));
  });

  it("completes folders and shell names where they are expected, and nothing for a number", () => {
    const cwd = temporaryFolder();
    for (const folder of ["my mirror", "mine", "*"]) mkdirSync(join(cwd, folder));
    writeFileSync(join(cwd, "my-file"), "");
    expect(offered(["sync", "my"], cwd)).toEqual(["my mirror"]);
    expect(offered(["status", "--json", ""], cwd).sort()).toEqual(["*", "mine", "my mirror"]);
    expect(offered(["sync", "--concurrency", ""], cwd)).toEqual([]);
    expect(offered(["doctor", ""], cwd)).toEqual([]);
    expect(offered(["completion", ""], cwd)).toEqual(["bash", "zsh", "fish"]);
  });
});

describe("the scripts for other shells", () => {
  it("contain every command and option", () => {
    for (const [name, { options }] of Object.entries(commands)) {
      const ofFish = fishScript(commands)
        .split("\n")
        .filter((line) => line.includes(`'__fish_seen_subcommand_from ${name}'`));
      const ofZsh = new RegExp(`^    ${name}\\)\\n(.*?);;$`, "ms").exec(zshScript(commands))?.[1] ?? "";
      for (const option of Object.keys(options)) {
        expect(ofFish).toContainEqual(expect.stringContaining(` -l ${option} `));
        expect(ofZsh).toContain(`'--${option}[`);
      }
    }
  });

  it("are well-formed", () => {
    // bash reads it in the same way.
    shell("bash", zshScript(commands), 'bash -n "$1"');
    const word = String.raw`(?:[\w-]+|'(?:[^'\\]|\\['\\])*')`;
    const line = new RegExp(`^complete -c evsys-sdk(?: -[fx]| -[nalsd] ${word})+$`);
    for (const each of fishScript(commands).trimEnd().split("\n").slice(1)) expect(each).toMatch(line);
  });

  it.skipIf(!hasShell("zsh"))("load in zsh", () => {
    const lines = 'autoload -U compinit && compinit -u -D; . "$1"; print $_comps[evsys-sdk]';
    expect(shell("zsh", zshScript(commands), lines)).toBe("_evsys_sdk\n");
  });

  it.skipIf(!hasShell("fish"))("load in fish", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "script.fish"), fishScript(commands));
    const lines = `source ${folder}/script.fish; complete -C 'evsys-sdk sy'`;
    const { status, stdout } = spawnSync("fish", ["-c", lines], { encoding: "utf8" });
    expect(status).toBe(0);
    expect(stdout).toContain("sync");
  });
});
