import { expect } from "vitest";
import type { DashboardClientOptions } from "../../../src/index.js";
import { mirrorAt } from "./compare.js";
import { type Program, startProgram } from "./program.js";
import type { Accepted, Amount } from "./random-writes.js";

/** The options of the client and of its writes. */
export interface WriterOptions extends Amount, Omit<DashboardClientOptions, "fetch" | "logger" | "onDeliveryError"> {}

/** Starts a process that writes until it is killed. */
export function startWriter(options: WriterOptions): Program<Accepted> {
  return startProgram<Accepted>("writer.ts", options);
}

/** Checks that each write whose call resolved is in the mirror. */
export async function expectInMirror(logDir: string, accepted: readonly Accepted[]): Promise<void> {
  const mirror = mirrorAt(logDir);
  const there = new Set<string>();
  for (const experiment of mirror.experiments()) {
    there.add(`experiment ${experiment.experiment_name}`);
    // A later patch overwrites an earlier one: the document must have the last resolved patch or a later one.
    for (let n = 0; n <= Number(experiment.current_iteration ?? -1); n += 1) there.add(`experiment patch ${n}`);
  }
  for (const run of mirror.runs()) {
    there.add(`run ${run.seed}`);
    for (const field of Object.keys(run)) if (field.startsWith("patch_")) there.add(`run patch ${field}`);
    for await (const { step } of mirror.metrics(run.id)) there.add(`metrics ${step}`);
    for await (const { uri } of mirror.checkpoints(run.id)) there.add(`checkpoint ${uri}`);
    for await (const { step } of mirror.evals(run.id)) there.add(`eval ${step}`);
    for await (const { task_id } of mirror.predictions(run.id)) there.add(`prediction ${task_id}`);
  }
  const promised = accepted.map(({ kind, token }) => `${kind} ${token}`);
  expect(promised.filter((write) => !there.has(write))).toEqual([]);
}
