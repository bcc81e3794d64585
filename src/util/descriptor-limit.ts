import { readFileSync } from "node:fs";

/** The default soft limit of most Linux distributions, for systems without /proc. */
const DEFAULT_LIMIT = 1024;

/** How many files and sockets this process may have open at once: the soft limit of `ulimit -n`. */
export function descriptorLimit(): number {
  try {
    const [, limit] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    if (limit === "unlimited") return Number.POSITIVE_INFINITY;
    return Number(limit) > 0 ? Number(limit) : DEFAULT_LIMIT;
  } catch {
    return DEFAULT_LIMIT; // Only Linux has the file.
  }
}
