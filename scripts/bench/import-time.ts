import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { temporaryFolder } from "./folder.js";
import { fileOf, timed } from "./program.js";
import { interleaved, roundsAt } from "./rounds.js";
import type { BenchRow } from "./row.js";

const PACKAGE = pathToFileURL(fileOf("../../src/index")).href;

/** The time that importing the package adds to the start of Node, and whether it loads modules that only sending needs. */
export async function importTime(scale: number): Promise<BenchRow[]> {
  const compared = await interleaved(
    () => running(""),
    () => running(`import ${JSON.stringify(PACKAGE)};`),
    roundsAt(scale, 21, 1),
  );
  const { floor, ours } = compared;
  return [
    { measure: "import of the package", unit: "ms", ...compared, note: "the floor is Node with nothing to do" },
    { measure: "… over bare Node", unit: "ms", ours: ours - floor, goal: { of: "ours", atMost: 60 } },
    {
      measure: "… undici, before anything is sent",
      unit: "files",
      ours: await undiciFiles(),
      goal: { of: "ours", atMost: 0 },
    },
  ];
}

function running(code: string): Promise<number> {
  return timed(["--input-type=module", "--eval", code]);
}

/** The number of undici files that an offline client loads, from Node's coverage output. */
async function undiciFiles(): Promise<number> {
  using folder = temporaryFolder();
  const coverage = join(folder.path, "coverage");
  const code = `
    import { DashboardClient } from ${JSON.stringify(PACKAGE)};
    const client = new DashboardClient({ offline: true, logDir: ${JSON.stringify(join(folder.path, "mirror"))}, logLevel: "CRITICAL" });
    await client.createExperiment({ experiment_name: "bench" });
    await client.close();`;
  await timed(["--input-type=module", "--eval", code], { NODE_V8_COVERAGE: coverage });
  const reports = existsSync(coverage) ? readdirSync(coverage) : [];
  const loaded = reports.flatMap((name) => {
    const { result }: { result: readonly { readonly url: string }[] } = JSON.parse(
      readFileSync(join(coverage, name), "utf8"),
    );
    return result.map(({ url }) => url);
  });
  if (!loaded.includes(PACKAGE)) throw new Error("The coverage does not list the package.");
  return loaded.filter((url) => url.includes("/node_modules/undici/")).length;
}
