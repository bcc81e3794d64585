import { execFile } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { cleanEnvironment } from "./children.js";
import { REPOSITORY } from "./folders.js";

declare module "vitest" {
  interface ProvidedContext {
    readonly packUrl: string;
  }
}

/** The used fields of package.json. */
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

const execute = promisify(execFile);
const PACKED = ["LICENSE", "README.md", "CHANGELOG.md", "package.json", "tsconfig.json", "tsconfig.build.json"];
const SOURCES = ["src", "generated", "scripts", "openapi"];

/** Packs the package for all test files when first needed; vitest runs this before the tests. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "evsys-packed-"));
  let installed: Promise<string> | undefined;
  const server = createServer((_, response) => {
    installed ??= install(folder);
    installed.then(
      (path) => response.end(path),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  project.provide("packUrl", `http://127.0.0.1:${address.port}`);
  return () => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Packs a copy of the repository, because packing builds and building clears dist/. Returns the unpacked package's folder. */
async function install(folder: string): Promise<string> {
  const copy = join(folder, "repository");
  for (const name of [...PACKED, ...SOURCES].filter((each) => existsSync(join(REPOSITORY, each)))) {
    cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
  await call("npm", ["pack", "--pack-destination", folder], { cwd: copy, env: cleanEnvironment() });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  const installed = join(folder, "node_modules", "evsys-sdk");
  mkdirSync(installed, { recursive: true });
  await call("tar", ["-xzf", join(folder, tarball), "-C", installed, "--strip-components=1"]);
  const { dependencies }: Manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(REPOSITORY, "node_modules", name), join(folder, "node_modules", name));
  }
  return installed;
}

/** Runs a command. If it fails, the error contains its output. */
async function call(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  await execute(command, args, options).catch((error: Error & { stdout?: string }) => {
    throw new Error(`${error.message}\n${error.stdout}`, { cause: error });
  });
}
