#!/usr/bin/env node
import { EXIT } from "./exit-codes.js";
import { main } from "./program.js";
import { failureLine } from "./text.js";

/** Whoever reads our output may have gone: `evsys-sdk status | head`. What we do for the mirror goes on. */
function outliveReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") fail(error);
}

function fail(error: unknown): void {
  process.exitCode = EXIT.USAGE;
  process.stderr.write(failureLine(error));
}

process.stdout.on("error", outliveReader);
process.stderr.on("error", () => {});
process.on("uncaughtException", (error) => {
  fail(error);
  process.exit();
});
process.exitCode = await main(process.argv.slice(2));
