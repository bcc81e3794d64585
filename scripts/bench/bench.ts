/**
 * Measures the client against the bare parts it is made of: `npm run bench [-- --quick] [--only name] [--out file]`. It
 * needs no network and no setting. Each measure runs in a process of its own, both sides turn by turn.
 */
import { writeFileSync } from "node:fs";
import { readArguments } from "./arguments.js";
import { thisMachine } from "./machine.js";
import { runProgram } from "./program.js";
import { isReached, type Row } from "./row.js";
import { tableOf } from "./table.js";

/** A row as the JSON has it. */
interface NamedRow extends Row {
  /** The measure that it came of, as `--only` takes it. */
  readonly name: string;
  /** Undefined where there is no goal. */
  readonly reached: boolean | undefined;
}

const { names, scale, out } = readArguments(process.argv.slice(2));
const startedAt = performance.now();
const machine = thisMachine();
const rows: NamedRow[] = [];
for (const name of names) {
  process.stderr.write(`${name} … `);
  const begunAt = performance.now();
  const measured = await runProgram<readonly Row[]>("measure", { name, scale });
  rows.push(...measured.map((row) => ({ name, ...row, reached: isReached(row) })));
  process.stderr.write(`${((performance.now() - begunAt) / 1000).toFixed(1)} s\n`);
}

const { node, cores, cpu, date, load } = machine;
console.log(`\nNode ${node}, ${cores} × ${cpu}, load ${load.toFixed(1)}, ${date}\n`);
console.log(tableOf(rows));
const durationMs = Math.round(performance.now() - startedAt);
writeFileSync(out, `${JSON.stringify({ machine, scale, durationMs, rows }, undefined, 2)}\n`);
