/**
 * `npm run bench [-- --quick] [--only name] [--out file]`: measures the client against the minimum cost of the same work (the
 * floor). It needs no network and no configuration. Each measure runs in its own process, both sides alternately.
 */
import { writeFileSync } from "node:fs";
import { readArguments } from "./arguments.js";
import { thisMachine } from "./machine.js";
import { runProgram } from "./program.js";
import { type BenchRow, isReached } from "./row.js";
import { tableOf } from "./table.js";

/** A row of the JSON file. */
interface NamedRow extends BenchRow {
  /** The name of its measure, for `--only`. */
  readonly name: string;
  /** Undefined without a goal. */
  readonly reached: boolean | undefined;
}

const { names, scale, out } = readArguments(process.argv.slice(2));
const startedAt = performance.now();
const machine = thisMachine();
const rows: NamedRow[] = [];
for (const name of names) {
  process.stderr.write(`${name} … `);
  const begunAt = performance.now();
  const measured = await runProgram<readonly BenchRow[]>("measure", { name, scale });
  rows.push(...measured.map((row) => ({ name, ...row, reached: isReached(row) })));
  process.stderr.write(`${((performance.now() - begunAt) / 1000).toFixed(1)} s\n`);
}

const { node, cores, cpu, date, load } = machine;
console.log(`\nNode ${node}, ${cores} × ${cpu}, load ${load.toFixed(1)}, ${date}\n`);
console.log(tableOf(rows));
const durationMs = Math.round(performance.now() - startedAt);
writeFileSync(out, `${JSON.stringify({ machine, scale, durationMs, rows }, undefined, 2)}\n`);
