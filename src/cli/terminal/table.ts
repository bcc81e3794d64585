import type { Output, Piece } from "./output.js";
import { paint } from "./output.js";
import { escapeControls } from "./text.js";

const MAX_WIDTH = 40;
const GAP = "  ";

/** A row of a table: a heading that is set off, or a name with a cell for each column. */
export type TableRow = { readonly heading: string } | { readonly name: string; readonly cells: readonly string[] };

/** Prints a table whose columns are as wide as they need to be, up to a limit. */
export function printTable(output: Output, rows: readonly TableRow[]): void {
  const lines = rows.map((row) => ("heading" in row ? row : [row.name, ...row.cells].map(fitted)));
  const widths: number[] = [];
  for (const line of lines) {
    if ("heading" in line) continue;
    for (const [at, cell] of line.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  for (const line of lines) {
    const pieces: Piece[] =
      "heading" in line
        ? [paint("bold", line.heading)]
        : line.map((cell, at) => (at === line.length - 1 ? cell : `${cell.padEnd(widths[at] ?? 0)}${GAP}`));
    output.line(...pieces);
  }
}

/** A text on one line, cut where it is too long. */
function fitted(text: string): string {
  const shown = escapeControls(text);
  return shown.length > MAX_WIDTH ? `${shown.slice(0, MAX_WIDTH - 1)}…` : shown;
}
