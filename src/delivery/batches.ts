/** The largest request body that proxies commonly accept. */
const MOST_BYTES = 1024 * 1024;
const MOST_ROWS = 1_000;
/** Room for what surrounds the rows in a request. */
const ENVELOPE_BYTES = 1024;

/** Splits the rows of one call into requests of at most 1 MiB and 1,000 rows; a larger row is alone in its request. */
export function inBatches(lines: readonly string[]): string[][] {
  const batches: string[][] = [];
  let batch: string[] = [];
  let bytes = ENVELOPE_BYTES;
  for (const line of lines) {
    const lineBytes = Buffer.byteLength(line) + 1;
    if (batch.length > 0 && (batch.length === MOST_ROWS || bytes + lineBytes > MOST_BYTES)) {
      batches.push(batch);
      batch = [];
      bytes = ENVELOPE_BYTES;
    }
    batch.push(line);
    bytes += lineBytes;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
