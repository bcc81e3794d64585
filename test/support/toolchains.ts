import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "./folders.js";

/** Our node_modules, and separate ones, because a `node` package in ours would replace the command. */
const MODULES = [join(REPOSITORY, "node_modules"), join(REPOSITORY, "test", "toolchains", "node_modules")];

/** A program with its version. */
export interface Tool {
  readonly version: string;
  readonly path: string;
}

/** The installed compilers: ours, and those under an alias such as `typescript-5.4` (`npm:typescript@5.4.5`). */
export function compilers(): Tool[] {
  return installed(/^typescript(-[\d.]+)?$/).map(({ folder, version, bin }) => ({
    version,
    path: join(folder, bin.tsc ?? ""),
  }));
}

/** The installed Nodes: the running one, and those of `npm run toolchains`, such as `node-22`. */
export function nodes(): Tool[] {
  const own = { version: process.versions.node, path: process.execPath };
  const others = installed(/^node-\d+$/).map(({ folder, version }) => ({ version, path: join(folder, "bin", "node") }));
  return [own, ...others.filter(({ path }) => existsSync(path))];
}

interface Manifest {
  readonly version: string;
  readonly bin?: Readonly<Record<string, string>>;
}

function installed(name: RegExp): { folder: string; version: string; bin: Readonly<Record<string, string>> }[] {
  const folders = MODULES.filter((path) => existsSync(path)).flatMap((path) =>
    readdirSync(path)
      .filter((each) => name.test(each))
      .map((each) => join(path, each)),
  );
  return folders.map((folder) => {
    const { version, bin = {} }: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return { folder, version, bin };
  });
}

/** Other runtimes and test runners of `npm run toolchains`; undefined if not installed. */
export const jest = toolchain("jest", "bin", "jest.js");
export const fakeTimers = toolchain("@sinonjs", "fake-timers");
export const bun = toolchain("@oven", "bun-linux-x64", "bin", "bun");
export const deno = toolchain("@deno", "linux-x64-glibc", "deno");

function toolchain(...path: string[]): string | undefined {
  const file = join(REPOSITORY, "test", "toolchains", "node_modules", ...path);
  return existsSync(file) ? file : undefined;
}
