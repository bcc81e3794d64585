import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "./folders.js";

/** A fenced code block of a page. */
export interface Block {
  /** The page, relative to the repository, such as `docs/runs.md`. */
  readonly page: string;
  /** The line of its opening fence. */
  readonly line: number;
  /** What follows the opening fence, such as `ts` or `ts vitest`. */
  readonly mark: string;
  readonly text: string;
}

/** The pages for users: the README and those of docs/. */
export const PAGES: readonly string[] = [
  "README.md",
  ...readdirSync(join(REPOSITORY, "docs"))
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `docs/${name}`),
];

export function pageText(page: string): string {
  return readFileSync(join(REPOSITORY, page), "utf8");
}

/** The code blocks of a page in order. */
export function blocksOf(page: string): Block[] {
  const text = pageText(page);
  return [...text.matchAll(/^```(.*?)\n(.*?)^```$/gms)].map(({ index, 1: mark = "", 2: block = "" }) => ({
    page,
    line: text.slice(0, index).split("\n").length,
    mark,
    text: block,
  }));
}

/** The code blocks of a page with this info string, in order. */
export function textsOf(page: string, mark: string): string[] {
  return blocksOf(page).flatMap((block) => (block.mark === mark ? block.text : []));
}
