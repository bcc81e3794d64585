/** write-once.ts FOLDER: logs one row offline and prints its error. */
import { DashboardClient, MirrorError } from "../../../src/index.js";

const [logDir = ""] = process.argv.slice(2);
try {
  await new DashboardClient({ logDir, offline: true }).logStepMetric("run-1", { step: 1, loss: 1 });
  process.stdout.write("{}");
} catch (error) {
  if (!(error instanceof MirrorError)) throw error;
  const { name, path } = error;
  let { cause } = error;
  while (cause instanceof MirrorError) cause = cause.cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  process.stdout.write(JSON.stringify({ name, path, code }));
}
