import type { BenchRow } from "./row.js";

/** Takes one measure; a scale of 1 is the full size. */
export type Measure = (scale: number) => Promise<readonly BenchRow[]>;

/** All measures by name. Each loads its own modules: its process must not load those of another. */
export const MEASURES: Readonly<Record<string, Measure>> = {
  offline: async (scale) => (await import("./offline.js")).awaited(scale),
  "offline-unawaited": async (scale) => (await import("./offline.js")).unawaited(scale),
  online: async (scale) => (await import("./online.js")).oneRun(scale),
  "online-16": async (scale) => (await import("./online.js")).parallelRuns(scale),
  background: async (scale) => (await import("./background.js")).background(scale),
  sync: async (scale) => (await import("./sync.js")).syncing(scale),
  "sync-latency": async (scale) => (await import("./sync.js")).syncingFromAfar(scale),
  "large-run": async (scale) => (await import("./large-run.js")).largeRun(scale),
  "many-runs": async (scale) => (await import("./many-runs.js")).manyRuns(scale),
  viewer: async (scale) => (await import("./viewer.js")).viewer(scale),
  import: async (scale) => (await import("./import-time.js")).importTime(scale),
  "peer-log": async (scale) => (await import("./peer-log.js")).peerLog(scale),
  "peer-queues": async (scale) => (await import("./peer-queues.js")).peerQueues(scale),
  "peer-losses": async (scale) => (await import("./peer-losses.js")).peerLosses(scale),
};
