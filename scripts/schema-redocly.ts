import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { node, ROOT } from "./project.js";
import type { Newer } from "./schema-command.js";

const CLI = join(ROOT, "node_modules", "@redocly", "cli", "bin", "cli.js");
const QUIET = { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_NOTIFICATIONS: "true" };

/** Whether Redocly was content, and what it said otherwise. */
export interface Verdict {
  readonly isContent: boolean;
  readonly findings: string;
}

/** Runs Redocly on a newer document. What it says names the document as the caller did. */
export async function redocly(newer: Newer, ...args: string[]): Promise<Verdict> {
  const { code, stdout, stderr } = await node([CLI, ...args], QUIET);
  return { isContent: code === 0, findings: findingsOf(`${stderr}\n${stdout}`, newer) };
}

/** Notices that are no findings: the version of Node, where the report lies, how long it took. */
const NOTICE = /^\s*[╔║╚]|^Diff report written|: diff processed in/;

function findingsOf(text: string, { path, source }: Newer): string {
  const lines = stripVTControlCharacters(text)
    .split("\n")
    .filter((line) => !NOTICE.test(line));
  const named = lines.join("\n").replaceAll(relative(ROOT, path), source).replaceAll(path, source);
  return named.replaceAll(/\n{3,}/g, "\n\n").trim();
}
