import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run as runCommand } from "../support/children.js";
import { MAIN, offlineMirror } from "../support/cli.js";
import { offlineClient } from "../support/clients.js";
import { command } from "../support/command.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";
import { EVALUATED_RUN_ID, PYTHON_MIRRORS } from "../support/python-mirror.js";

const ALPHABETS = [
  "损失",
  "потери",
  "خسارة",
  "हानि",
  "損失,π",
  'quoted "loss"',
  "line\nbreak",
  "=1+1",
  "__proto__",
  "step",
];

async function exported(...args: readonly string[]) {
  const { code, stdout, stderr } = await command(["export", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** The records of a CSV text, without a library of the code's own. */
function parsedCsv(text: string): string[][] {
  const records: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    if (end === "" && plain === "" && records.at(-1)?.length === 0) break;
    records.at(-1)?.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (end === "\n") records.push([]);
  }
  return records.filter((record) => record.length > 0);
}

async function mirrorOfMetrics(rows: readonly Readonly<Record<string, number>>[]) {
  const client = offlineClient();
  const { id: experimentId } = await client.createExperiment({ experiment_name: "iris" });
  const { id: runId } = await client.createRun({ experiment_id: experimentId });
  for (const [step, metrics] of rows.entries()) await client.logStepMetric(runId, { step, metrics });
  await client.close();
  return { logDir: client.local.root, experimentId, runId };
}

describe("evsys-sdk export", () => {
  it("prints one line for each value of a metric, in the order of the rows", async () => {
    const { logDir, experimentId, runId } = await mirrorOfMetrics([{ loss: 0.5, accuracy: 0.25 }, { loss: 1e-7 }]);
    expect(await exported(logDir, "--stream", "metrics")).toBe(
      [
        "experiment_id,run_id,step,split,series,value",
        `${experimentId},${runId},0,train,loss,0.5`,
        `${experimentId},${runId},0,train,accuracy,0.25`,
        `${experimentId},${runId},1,train,loss,1e-7`,
        "",
      ].join("\n"),
    );
  });

  it("prints one column for each series with --wide", async () => {
    const { logDir, experimentId, runId } = await mirrorOfMetrics([{ loss: 0.5 }, { accuracy: 0.25 }]);
    expect(await exported(logDir, "--stream", "metrics", "--wide")).toBe(
      [
        "experiment_id,run_id,step,split,accuracy,loss",
        `${experimentId},${runId},0,train,,0.5`,
        `${experimentId},${runId},1,train,0.25,`,
        "",
      ].join("\n"),
    );
  });

  it("writes NaN and the infinities in the form that data tools read", async () => {
    const { logDir } = await mirrorOfMetrics([
      { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: Number.NEGATIVE_INFINITY },
    ]);
    const values = parsedCsv(await exported(logDir, "--stream", "metrics")).map((record) => record[5]);
    expect(values).toEqual(["value", "NaN", "inf", "-inf"]);
    const lines = (await exported(logDir, "--stream", "metrics", "--format", "jsonl")).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).value)).toEqual(["NaN", "Infinity", "-Infinity"]);
  });

  it("keeps series names of every alphabet and those that CSV or JavaScript treat specially", async () => {
    const { logDir, runId } = await mirrorOfMetrics([]);
    // This client rejects "__proto__"; another one may have written it.
    const metrics = `{${ALPHABETS.map((name) => `${JSON.stringify(name)}:1`)}}`;
    const line = `{"step":1,"split":"train","metrics":${metrics}}\n`;
    appendFileSync(join(logDir, "generations", runId, "metrics.jsonl"), line);
    const long = parsedCsv(await exported(logDir, "--stream", "metrics"));
    expect(long.slice(1).map((record) => record[4])).toEqual(ALPHABETS);
    const [heading = [], row = []] = parsedCsv(await exported(logDir, "--stream", "metrics", "--wide"));
    const columns = ALPHABETS.map((name) => (name === "step" ? "metrics.step" : name));
    expect(heading.slice(4).sort()).toEqual([...columns].sort());
    expect(row.slice(4)).toEqual(columns.map(() => "1"));
  });

  it("exports evals, predictions, checkpoints and runs", async () => {
    const { logDir, experimentId, runId } = await offlineMirror();
    const fields = async (stream: string, format = "csv") => {
      const text = await exported(logDir, "--stream", stream, "--format", format);
      if (format === "jsonl") return JSON.parse(text);
      const [heading = [], ...records] = parsedCsv(text);
      expect(records).toHaveLength(1);
      return Object.fromEntries(heading.map((name, at) => [name, records[0]?.[at]]));
    };
    const ids = { experiment_id: experimentId, run_id: runId };
    expect(await fields("evals")).toMatchObject({ ...ids, series: "accuracy", value: "0.5" });
    expect(await fields("predictions")).toMatchObject({ ...ids, instruction: "1 + 1", model_output: "2" });
    expect(await fields("checkpoints")).toMatchObject({ ...ids, uri: "s3://bucket/1", is_final: "false" });
    expect(await fields("runs")).toMatchObject({ ...ids, status: "completed", run_config: '{"name":"base"}' });
    expect(await fields("runs", "jsonl")).toMatchObject({ ...ids, run_config: { name: "base" } });
  });

  it("exports only the selected runs, also from several mirrors", async () => {
    const [one, two] = [await offlineMirror(), await offlineMirror()];
    const runIds = async (...args: readonly string[]) =>
      parsedCsv(await exported(one.logDir, two.logDir, "--stream", "runs", ...args))
        .slice(1)
        .map((record) => record[1]);
    expect((await runIds()).sort()).toEqual([one.runId, two.runId].sort());
    expect(await runIds("--run", two.runId)).toEqual([two.runId]);
    expect(await runIds("--experiment", one.experimentId)).toEqual([one.runId]);
    expect((await runIds("--run", two.runId, "--run", one.runId)).sort()).toEqual([one.runId, two.runId].sort());
  });

  it("writes to a file with -o, and does not change the mirror", async () => {
    const { logDir } = await offlineMirror();
    const before = pathsBelow(logDir);
    const file = join(temporaryFolder(), "metrics.csv");
    expect(await exported(logDir, "--stream", "metrics", "-o", file)).toBe("");
    expect(readFileSync(file, "utf8")).toBe(await exported(logDir, "--stream", "metrics"));
    expect(pathsBelow(logDir)).toEqual(before);
  });

  it("exits without an error when the reader of its output stops early", async () => {
    const { logDir, runId } = await offlineMirror();
    const line = `${JSON.stringify({ step: 1, split: "train", metrics: { loss: 0.123456789 } })}\n`;
    appendFileSync(join(logDir, "generations", runId, "metrics.jsonl"), line.repeat(200_000));
    const script = `set -o pipefail; "$0" "$1" export "$2" --stream metrics | head -n 2`;
    const { code, stdout, stderr } = await runCommand("bash", ["-c", script, process.execPath, MAIN, logDir]).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")).toHaveLength(3);
  });

  it("reports a torn line and exports the other lines", async () => {
    const { logDir, runId } = await offlineMirror();
    appendFileSync(join(logDir, "generations", runId, "metrics.jsonl"), '{"step":9,"split":"tr');
    const { code, stdout, stderr } = await command(["export", logDir, "--stream", "metrics"]);
    expect(code).toBe(0);
    expect(parsedCsv(stdout)).toHaveLength(4);
    expect(stderr).toContain("metrics.jsonl:4: skipped a line that is not a complete JSON object");
  });

  it("reports runs of a project other than EVSYS_PROJECT_ID", async () => {
    const { logDir } = await offlineMirror();
    const { code, stdout, stderr } = await command(["export", logDir, "--stream", "runs"], {
      EVSYS_PROJECT_ID: "mine",
    });
    expect({ code, lines: parsedCsv(stdout).length }).toEqual({ code: 0, lines: 2 });
    expect(stderr).toBe('1 run of project "project-1" included; EVSYS_PROJECT_ID is "mine".\n');
  });

  it.each([
    [["--stream", "runs", "--run", "unknown"], '--run "unknown": no run has this id; evsys-sdk status lists the ids.'],
    [["--stream", "runs", "--experiment", "x"], '--experiment "x": no run belongs to this experiment;'],
    [
      ["--stream", "eval"],
      '--stream must be one of metrics, evals, predictions, checkpoints, runs, not "eval". Did you mean evals?',
    ],
    [[], "--stream is required: one of metrics, evals, predictions, checkpoints, runs."],
    [["--stream", "runs", "--format", "parquet"], '--format must be one of csv, jsonl, not "parquet".'],
    [["--stream", "runs", "--wide"], "--wide applies to --stream metrics or evals; runs have no series."],
    [["--stream", "runs", "-o", "/nowhere/at/all.csv"], "Cannot write the file (/nowhere/at/all.csv)"],
  ])("rejects %j", async (args, message) => {
    const { logDir } = await offlineMirror();
    const { code, stdout, stderr } = await command(["export", logDir, ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("suggests a similar id, and rejects a run of another experiment and a folder without a mirror", async () => {
    const { logDir, runId, experimentId } = await offlineMirror();
    const other = await offlineMirror();
    const near = await command(["export", logDir, "--stream", "runs", "--run", `${runId.slice(0, -1)}_`]);
    expect(near).toMatchObject({ code: 2, stderr: expect.stringContaining(`did you mean ${runId}?`) });
    const args = ["--stream", "runs", "--run", other.runId, "--experiment", experimentId];
    const mixed = await command(["export", logDir, other.logDir, ...args]);
    expect(mixed).toMatchObject({ code: 2, stderr: expect.stringContaining(`not to ${experimentId}.`) });
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a"), "");
    expect(await command(["export", folder, "--stream", "runs"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("is not a mirror"),
    });
  });

  it.each(PYTHON_MIRRORS)("reads a mirror written $name", async ({ copyTo }) => {
    const logDir = temporaryFolder();
    copyTo(logDir);
    writeFileSync(
      join(logDir, "generations", EVALUATED_RUN_ID, "metrics.jsonl"),
      '{"step": 1, "split": "val", "metrics": {"loss": NaN, "reward": -Infinity}}\n',
    );
    const records = parsedCsv(await exported(logDir, "--stream", "metrics", "--run", EVALUATED_RUN_ID));
    expect(records.slice(1).map((record) => record.slice(2))).toEqual([
      ["1", "val", "loss", "NaN"],
      ["1", "val", "reward", "-inf"],
    ]);
  });
});
