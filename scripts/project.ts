import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The folder of package.json. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The path of the OpenAPI schema, as in messages. */
export const SCHEMA_FILE = "openapi/evsys-sdk.yaml";

/** The exit code and the output of a program. */
export interface ProcessResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with Node in the project's folder. */
export function node(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<ProcessResult> {
  const options = { cwd: ROOT, env: { ...process.env, ...variables }, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : 1;
      resolve({ code: error === null ? 0 : code, stdout, stderr });
    });
  });
}
