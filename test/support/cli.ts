import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { DashboardClient } from "../../src/index.js";
import { built } from "./built.js";
import { type Child, cleanEnvironment, run } from "./children.js";
import { API_KEY, offlineClient, PROJECT_ID } from "./clients.js";
import { REPOSITORY, temporaryFolder } from "./folders.js";

/** The bundle of the command. */
export const MAIN = built("src/cli/main.ts");
const COMMAND = [process.execPath, MAIN] as const;

/** Control characters, except the newline. */
export const OBEYED = /(?!\n)\p{Cc}/u;

/** The environment for a command that sends to a server. */
export function connection(server: { readonly url: string }): Record<string, string> {
  return { EVSYS_API_URL: server.url, EVSYS_API_KEY: API_KEY, EVSYS_PROJECT_ID: PROJECT_ID };
}

/** Runs `evsys-sdk` in its own process, with none of the client's variables except the given ones. */
export function evsys(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  { cwd = REPOSITORY, nodeOptions = [] }: { readonly cwd?: string; readonly nodeOptions?: readonly string[] } = {},
): Child {
  const [node, ...line] = COMMAND;
  return run(node, [...nodeOptions, ...line, ...args], { cwd, env: plainEnvironment(variables) });
}

/** Whether the `script` command is installed, which runs a program in a terminal. */
export const hasTerminal = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

/** Runs `evsys-sdk` in a terminal; stdout has both output streams. */
export function evsysOnTerminal(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Child {
  const line = [...COMMAND, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return run("script", ["--quiet", "--flush", "--return", "--command", line, "/dev/null"], {
    env: plainEnvironment({ TERM: "xterm", ...variables }),
  });
}

/** The object that a command printed with --json, on one line. */
export function jsonOf(stdout: string): unknown {
  if (stdout.indexOf("\n") !== stdout.length - 1) throw new Error(`Not one line: ${stdout}`);
  return JSON.parse(stdout);
}

/** A mirror written offline: an experiment and a run with rows of every stream, and their ids. */
export async function offlineMirror(rows = 3, logDir = join(temporaryFolder(), "mirror")) {
  const client = offlineClient({ logDir });
  const { id: experimentId } = await client.createExperiment({ experiment_name: "iris" });
  const { id: runId } = await client.createRun({ experiment_id: experimentId, run_config: { name: "base" } });
  await writeRows(client, runId, rows);
  await client.updateRun(runId, { status: "completed" });
  await client.close();
  return { logDir, experimentId, runId, writes: 3 + rows + 3 };
}

/** Rows of metrics, a checkpoint, an eval of it and a prediction. */
export async function writeRows(client: DashboardClient, runId: string, rows: number): Promise<void> {
  for (let step = 0; step < rows; step += 1) await client.logStepMetric(runId, { step, loss: 1 / (step + 1) });
  const checkpoint = await client.addCheckpoint(runId, { uri: "s3://bucket/1" });
  await client.createEval(runId, { metrics: { accuracy: 0.5 }, checkpoint_id: checkpoint.id });
  await client.logPredictions(runId, [{ kind: "eval", instruction: "1 + 1", model_output: "2" }]);
}

function plainEnvironment(variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, ...environment } = cleanEnvironment();
  return { ...environment, ...variables };
}
