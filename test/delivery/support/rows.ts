/** A row of metrics whose line in the mirror has this many bytes, including the newline. */
export function rowOf(
  step: number,
  lineBytes: number,
): { step: number; split: "train"; metrics: Record<string, number> } {
  const row = (padding: string) => ({ step, split: "train" as const, metrics: { [`loss${padding}`]: 1 } });
  const missing = lineBytes - 1 - JSON.stringify(row("")).length;
  return row("x".repeat(missing));
}
