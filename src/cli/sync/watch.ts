import { setTimeout as sleep } from "node:timers/promises";
import { COUNTED, type Counted, type Counts, type SyncReport } from "../../delivery/counters.js";

const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Syncs again and again until it is told to stop: a second apart, and at doubling intervals while nothing of what is
 * pending can be delivered; a Retry-After of the backend is waited out. Returns what all rounds did together.
 */
export async function watched(
  syncOnce: (isFirst: boolean) => Promise<SyncReport>,
  onRound: (report: SyncReport) => void,
  signal: AbortSignal,
): Promise<SyncReport> {
  let latest = await syncOnce(true);
  let total = latest;
  let stuck = 0;
  onRound(latest);
  while (!signal.aborted) {
    stuck = latest.pending > 0 && latest.delivered === 0 ? stuck + 1 : 0;
    await sleep(Math.max(waitMs(stuck), latest.retryAfterMs ?? 0), undefined, { signal }).catch(() => {});
    // After the wish to stop, a sync sends nothing: it counts what has come since, and meets no obstacle.
    const isCount = signal.aborted;
    const report = isCount ? { ...obstacleOf(latest), ...(await syncOnce(false)) } : await syncOnce(false);
    if (isNews(latest, report)) onRound(report);
    total = joined(total, report);
    latest = report;
  }
  return total;
}

/** How long to wait after a number of rounds in a row that delivered nothing of what was pending. */
export function waitMs(stuckRounds: number): number {
  return Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** Math.max(0, stuckRounds - 1));
}

function isNews(before: SyncReport, now: SyncReport): boolean {
  return (
    now.delivered > 0 ||
    now.pending !== before.pending ||
    now.rejected !== before.rejected ||
    now.blocked !== before.blocked
  );
}

function obstacleOf({ pending, blocked, blockedStatus }: SyncReport): Pick<SyncReport, "blocked" | "blockedStatus"> {
  if (pending === 0) return {};
  return { ...(blocked === undefined ? {} : { blocked }), ...(blockedStatus === undefined ? {} : { blockedStatus }) };
}

/** What two syncs did: what was done adds up, where the rest stands is as the later one found it. */
export function joined(before: SyncReport, after: SyncReport): SyncReport {
  const byKind = Object.fromEntries(
    COUNTED.map((kind) => [kind, joinedCounts(kind, before.byKind[kind], after.byKind[kind])]),
  ) as Record<Counted, Counts>;
  const sum = (standing: keyof Counts): number => COUNTED.reduce((all, kind) => all + byKind[kind][standing], 0);
  const failures = (before.failures ?? 0) + (after.failures ?? 0);
  return {
    ...after,
    ...(failures === 0 ? {} : { failures }),
    delivered: sum("delivered"),
    pending: sum("pending"),
    rejected: sum("rejected"),
    skipped: sum("skipped"),
    byKind,
    durationMs: before.durationMs + after.durationMs,
  };
}

function joinedCounts(kind: Counted, before: Counts, after: Counts): Counts {
  // Another client's folders are skipped anew by every sync, rows once.
  const isFolder = kind === "experiments" || kind === "runs";
  return {
    delivered: before.delivered + after.delivered,
    pending: after.pending,
    rejected: after.rejected,
    skipped: isFolder ? after.skipped : before.skipped + after.skipped,
  };
}
