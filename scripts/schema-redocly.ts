import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { node, ROOT } from "./project.js";
import type { Newer } from "./schema-command.js";

const CLI = join(ROOT, "node_modules", "@redocly", "cli", "bin", "cli.js");
const QUIET = { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_NOTIFICATIONS: "true" };

/** Whether Redocly succeeded, and its findings. */
export interface RedoclyResult {
  readonly isValid: boolean;
  readonly findings: string;
}

/** Runs Redocly on a newer schema. The findings name the schema as the caller did. */
export async function redocly(newer: Newer, ...args: string[]): Promise<RedoclyResult> {
  const { code, stdout, stderr } = await node([CLI, ...args], QUIET);
  return { isValid: code === 0, findings: findingsOf(`${stderr}\n${stdout}`, newer) };
}

/** Output that is not a finding: the version of Node, the path of the report, the duration. */
const NOTICE = /^\s*[╔║╚]|^Diff report written|: diff processed in/;

function findingsOf(text: string, { path, source }: Newer): string {
  const lines = stripVTControlCharacters(text)
    .split("\n")
    .filter((line) => !NOTICE.test(line));
  const named = lines.join("\n").replaceAll(relative(ROOT, path), source).replaceAll(path, source);
  return named.replaceAll(/\n{3,}/g, "\n\n").trim();
}
