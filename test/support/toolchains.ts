import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "./folders.js";

const MODULES = join(REPOSITORY, "node_modules");

/** A program of a certain version. */
export interface Tool {
  readonly version: string;
  readonly path: string;
}

/** The compilers that are installed: ours, and those under an alias such as `typescript-5.4` (`npm:typescript@5.4.5`). */
export function compilers(): Tool[] {
  return installed(/^typescript(-[\d.]+)?$/).map(({ folder, version, bin }) => ({
    version,
    path: join(folder, bin.tsc ?? ""),
  }));
}

/** The Nodes that are there: the one that runs this, and those under an alias such as `node-22` (`npm:node@22.23.3`). */
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
  return readdirSync(MODULES)
    .filter((each) => name.test(each))
    .map((each) => {
      const folder = join(MODULES, each);
      const { version, bin = {} }: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      return { folder, version, bin };
    });
}
