import type { Counts } from "../../delivery/counters.js";
import { sumOf, type WriteKind } from "../mirrors/entity-counts.js";
import type { Entities } from "./selection.js";

/** The counts of experiments and runs. */
export interface Summary {
  /** The number of runs by status; those without one are `unknown`. */
  readonly runs: Readonly<Record<string, number>>;
  readonly experiments: number;
  readonly total: Counts;
  /** Rejected writes by reason; the most frequent first. */
  readonly rejected: readonly RejectedCount[];
  /** Why pending writes are parked, and for how many experiments and runs; the most frequent first. */
  readonly held: readonly { readonly reason: string; readonly entities: number }[];
  readonly lastWriteAt: string | null;
}

/** How many writes were rejected for one reason. */
export interface RejectedCount {
  readonly of: WriteKind;
  readonly writes: number;
  readonly status: number;
  readonly reason: string;
}

/** Summarizes experiments and runs. */
export function summaryOf({ experiments, runs }: Entities): Summary {
  const states = new Map<string, number>();
  const rejected = new Map<string, RejectedCount>();
  const held = new Map<string, number>();
  let lastWriteAt: string | null = null;
  for (const { state } of runs) states.set(state ?? "unknown", (states.get(state ?? "unknown") ?? 0) + 1);
  for (const entity of [...experiments, ...runs]) {
    for (const { of, writes, status, reason } of entity.rejected) {
      const key = JSON.stringify([of, status, reason]);
      rejected.set(key, { of, writes: writes + (rejected.get(key)?.writes ?? 0), status, reason });
    }
    for (const reason of entity.held) held.set(reason, (held.get(reason) ?? 0) + 1);
    if ((entity.lastWriteAt ?? "") > (lastWriteAt ?? "")) lastWriteAt = entity.lastWriteAt;
  }
  return {
    runs: Object.fromEntries(states),
    experiments: experiments.length,
    total: sumOf([...experiments, ...runs].map(({ total }) => total)),
    rejected: [...rejected.values()].sort((a, b) => b.writes - a.writes),
    held: [...held].map(([reason, entities]) => ({ reason, entities })).sort((a, b) => b.entities - a.entities),
    lastWriteAt,
  };
}
