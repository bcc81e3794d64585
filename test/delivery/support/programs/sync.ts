/** sync.ts OPTIONS: syncs, and prints the report. */

import { type SyncOptions, syncMirror } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";

const options: SyncOptions = JSON.parse(process.argv[2] ?? "{}");
const report = await syncMirror({ apiKey: "k", projectId: "p", logLevel: "CRITICAL", ...options });
printLine(JSON.stringify(report));
