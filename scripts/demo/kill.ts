import { fork } from "node:child_process";
import { on, once } from "node:events";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("second-training.ts", import.meta.url));

/**
 * Runs the second training in a process of its own, until `afterStep` returns "kill" for one of its steps. After SIGKILL a
 * process runs nothing more: no exit notice, no flush, no closing of files.
 */
export async function runUntilKilled(
  checkpoints: string,
  environment: Readonly<Record<string, string>>,
  afterStep: (step: number) => Promise<"go on" | "kill">,
): Promise<void> {
  const child = fork(PROGRAM, [checkpoints], { env: { ...process.env, ...environment } });
  const exit = once(child, "exit");
  try {
    for await (const [step] of on(child, "message", { close: ["exit"] })) {
      if ((await afterStep(Number(step))) === "kill") break;
    }
  } finally {
    child.kill("SIGKILL");
  }
  const [code, signal] = await exit;
  if (signal !== "SIGKILL") throw new Error(`The second training ended by itself (${signal ?? code}).`);
}
