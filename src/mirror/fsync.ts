/** How long a row may be in the system's memory alone where files are brought to the disk at intervals. */
const INTERVAL_MS = 1_000;

/** A file with lines that may be in the system's memory alone. */
interface Unsynced {
  syncSoon(): void;
}

const unsynced = new Set<Unsynced>();

/** Brings a file to the disk within the interval. A process that ends before leaves that to the system. */
export function syncWithin(file: Unsynced): void {
  if (unsynced.size === 0) setTimeout(syncAll, INTERVAL_MS).unref();
  unsynced.add(file);
}

/** The file has been brought to the disk by other means, or closed. */
export function forget(file: Unsynced): void {
  unsynced.delete(file);
}

function syncAll(): void {
  const files = [...unsynced];
  unsynced.clear();
  for (const file of files) file.syncSoon();
}
