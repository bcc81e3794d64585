const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** Draws values as bars of eight heights; null is a gap. */
export function sparkline(values: readonly (number | null)[]): string {
  const finite = values.filter((value) => value !== null);
  const [least, greatest] = [Math.min(...finite), Math.max(...finite)];
  return values
    .map((value) => {
      if (value === null) return " ";
      const height = greatest > least ? (value - least) / (greatest - least) : 0;
      return BARS[Math.round(height * (BARS.length - 1))];
    })
    .join("");
}
