/** Writes .bench/: the measures, and the package bundled as in dist/. Chunks are beside the measures, which start each other by path. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.js";
import { ROOT } from "./project.js";

const FOLDER = "scripts/bench";
/** The peers are measured as they are installed. */
const PEERS = ["pino", "langsmith", "@segment/analytics-node"];

rmSync(join(ROOT, ".bench"), { recursive: true, force: true });
const measures = readdirSync(join(ROOT, FOLDER)).filter((name) => name.endsWith(".ts"));
await bundle(["src/index.ts", ...measures.map((name) => `${FOLDER}/${name}`)], ".bench", {
  chunks: FOLDER,
  external: PEERS,
});
