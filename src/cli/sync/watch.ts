import { setTimeout as sleep } from "node:timers/promises";
import { COUNTED, type Counted, type Counts, type SyncReport } from "../../delivery/counters.js";

const MIN_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;

/**
 * Syncs repeatedly until it is stopped: every second, at doubling intervals while no pending writes can be delivered, and
 * after the backend's Retry-After. Returns the sum of all rounds.
 */
export async function watch(
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
    // After a stop request, a sync only counts the writes that were added, so it keeps the last block reason.
    const isCount = signal.aborted;
    const report = isCount ? { ...blockOf(latest), ...(await syncOnce(false)) } : await syncOnce(false);
    if (isNews(latest, report)) onRound(report);
    total = sumOfReports(total, report);
    latest = report;
  }
  return total;
}

/** The wait after a number of consecutive rounds that delivered none of the pending writes. */
export function waitMs(stuckRounds: number): number {
  return Math.min(MAX_WAIT_MS, MIN_WAIT_MS * 2 ** Math.max(0, stuckRounds - 1));
}

function isNews(before: SyncReport, now: SyncReport): boolean {
  return (
    now.delivered > 0 ||
    now.pending !== before.pending ||
    now.rejected !== before.rejected ||
    now.blocked !== before.blocked
  );
}

function blockOf({ pending, blocked, blockedStatus }: SyncReport): Pick<SyncReport, "blocked" | "blockedStatus"> {
  if (pending === 0) return {};
  return { ...(blocked === undefined ? {} : { blocked }), ...(blockedStatus === undefined ? {} : { blockedStatus }) };
}

/** The sum of two reports: delivered writes add up, and pending and rejected ones are those of the later report. */
export function sumOfReports(before: SyncReport, after: SyncReport): SyncReport {
  const byKind = Object.fromEntries(
    COUNTED.map((kind) => [kind, joinedCounts(kind, before.byKind[kind], after.byKind[kind])]),
  ) as Record<Counted, Counts>;
  const sum = (state: keyof Counts): number => COUNTED.reduce((all, kind) => all + byKind[kind][state], 0);
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
  // Every sync skips foreign folders again, but counts skipped rows only once.
  const isFolder = kind === "experiments" || kind === "runs";
  return {
    delivered: before.delivered + after.delivered,
    pending: after.pending,
    rejected: after.rejected,
    skipped: isFolder ? after.skipped : before.skipped + after.skipped,
  };
}
