import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { main } from "../../src/cli/program.js";
import { offlineClient } from "../support/clients.js";
import { REPOSITORY, temporaryFolder } from "../support/folders.js";
import { textsOf } from "../support/pages.js";

const DUCKDB = join(REPOSITORY, "test/toolchains/node_modules/@duckdb/node-api/lib/index.js");

/** What is used of @duckdb/node-api, which only `npm run toolchains` installs. */
interface DuckDb {
  readonly DuckDBInstance: { create(path: string): Promise<{ connect(): Promise<Connection> }> };
}
interface Connection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ getRowObjectsJson(): unknown[] }>;
  closeSync(): void;
}

describe("docs on exports", () => {
  it.skipIf(!existsSync(DUCKDB)).each([
    [0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-300],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ])("contain a DuckDB command that writes a Parquet file, with values such as %d", async (...values) => {
    const folder = temporaryFolder();
    const logDir = join(folder, "evsys_sdk");
    const client = offlineClient({ logDir });
    const { id: experiment_id } = await client.createExperiment({ experiment_name: "iris" });
    const { id } = await client.createRun({ experiment_id });
    for (const [step, loss] of values.entries()) await client.logStepMetric(id, { step, metrics: { "loss, α": loss } });
    await client.close();

    expect(textsOf("README.md", "sh")).toContain(textsOf("docs/export.md", "sh").at(-1));
    const [exporting = "", converting = ""] = textsOf("docs/export.md", "sh").at(-1)?.trim().split("\n") ?? [];
    const inFolder = (text: string) =>
      text.replaceAll(/\.\/evsys_sdk|\bmetrics\.(csv|parquet)\b/g, (name) => join(folder, name));
    expect(await main(inFolder(exporting).split(" ").slice(2))).toBe(0);
    const [, sql = ""] = /^duckdb -c "(.*)"$/.exec(converting) ?? [];

    const { DuckDBInstance }: DuckDb = await import(DUCKDB);
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    await connection.run(inFolder(sql));
    const rows = await connection.runAndReadAll(
      `SELECT step, split, series, value FROM '${join(folder, "metrics.parquet")}' ORDER BY step`,
    );
    connection.closeSync();
    expect(rows.getRowObjectsJson()).toEqual(
      values.map((value, step) => ({
        step: String(step),
        split: "train",
        series: "loss, α",
        value: Number.isFinite(value) ? value : String(value),
      })),
    );
  });
});
