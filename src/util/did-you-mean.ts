/** The known name closest to a misspelt one, ignoring case; undefined if none is close. */
export function didYouMean(given: string, names: readonly string[]): string | undefined {
  const text = given.toLowerCase();
  const known = names.map((name) => ({ name, lower: name.toLowerCase() }));
  const extended = known.find(({ lower }) => text.length > 1 && (lower.startsWith(text) || text.startsWith(lower)));
  if (extended !== undefined) return extended.name;
  let [best, bestDistance]: [string | undefined, number] = [undefined, Math.max(1, Math.floor(text.length / 3)) + 1];
  for (const { name, lower } of known) {
    if (Math.abs(lower.length - text.length) >= bestDistance) continue;
    const distance = editDistance(text, lower);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** The Damerau-Levenshtein distance: letters to insert, remove, replace or swap with their neighbour. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
