/** sync.ts OPTIONS: syncs, and prints the report. */
import { writeSync } from "node:fs";
import { type SyncOptions, syncMirror } from "../../../../src/index.js";

const options: SyncOptions = JSON.parse(process.argv[2] ?? "{}");
const report = await syncMirror({ apiKey: "k", projectId: "p", logLevel: "CRITICAL", ...options });
writeSync(1, `${JSON.stringify(report)}\n`);
