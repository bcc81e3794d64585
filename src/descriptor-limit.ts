import { readFileSync } from "node:fs";

const DEFAULT_LIMIT = 1_024;

/** How many files and sockets this process may have open at once; 1,024 if the system does not say. */
export function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? DEFAULT_LIMIT : Number(soft);
  } catch {
    return DEFAULT_LIMIT;
  }
}
