import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { cleanEnvironment, type Ended, run } from "./children.js";
import { API_KEY, mockServer, PROJECT_ID } from "./clients.js";
import { REPOSITORY, temporaryFolder } from "./folders.js";

const README = readFileSync(join(REPOSITORY, "README.md"), "utf8");

/** The README's first program. */
export const FIRST_EXAMPLE = /^```ts\n(.*?)^```$/ms.exec(README)?.[1] ?? "";

/** A command and its working directory. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly variables?: Readonly<Record<string, string>>;
}

/** Runs the first example with a command, and checks that the backend received everything once. */
export async function expectFirstExample(line: CommandLine): Promise<Ended> {
  const server = await mockServer();
  const env = cleanEnvironment({
    EVSYS_API_URL: server.url,
    EVSYS_API_KEY: API_KEY,
    EVSYS_PROJECT_ID: PROJECT_ID,
    EVSYS_LOG_DIR: join(temporaryFolder(), "mirror"),
    ...line.variables,
  });
  const ended = await run(line.command, line.args, { cwd: line.cwd, env }).ended;
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  expect(server.experiments).toMatchObject([{ experiment_name: "first-steps", status: "completed", best_score: 0.97 }]);
  expect(server.metrics.map(({ step }) => step)).toEqual(Array.from({ length: 100 }, (_, step) => step));
  expect(server.evals).toMatchObject([{ metrics: { accuracy: 0.97 } }]);
  expect(server.requests.filter(({ repeated }) => repeated)).toEqual([]);
  return ended;
}
