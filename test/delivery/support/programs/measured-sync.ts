/** measured-sync.ts OPTIONS: syncs, and prints the report and the maximum resident memory in bytes. */

import { type SyncOptions, syncMirror } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";

const options: SyncOptions = JSON.parse(process.argv[2] ?? "{}");
const atStart = process.memoryUsage().rss;
let most = atStart;
const look = (): void => {
  most = Math.max(most, process.memoryUsage().rss);
};
const timer = setInterval(look, 20);
const report = await syncMirror({ apiKey: "k", projectId: "p", logLevel: "CRITICAL", ...options, onProgress: look });
clearInterval(timer);
look();
printLine(JSON.stringify({ report, atStart, most }));
