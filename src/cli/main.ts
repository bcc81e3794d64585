#!/usr/bin/env node
import { main } from "./program.js";
import { EXIT } from "./terminal/exit-codes.js";
import { failureText } from "./terminal/failure.js";

/** The reader of our output may have exited, as in `evsys-sdk status | head`. The command still finishes its work. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") void fail(error);
}

async function fail(error: unknown): Promise<void> {
  process.exitCode = EXIT.USAGE;
  process.stderr.write(await failureText(error, process.argv.slice(2)));
}

process.stdout.on("error", ignoreClosedPipe);
process.stderr.on("error", () => {});
process.on("uncaughtException", (error) => {
  void fail(error).finally(() => process.exit());
});
process.exitCode = await main(process.argv.slice(2));
