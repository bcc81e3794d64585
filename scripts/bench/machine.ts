import { cpus, loadavg, release, totalmem } from "node:os";

/** What the numbers were measured on: without it they say nothing. */
export interface Machine {
  readonly date: string;
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly cpu: string;
  readonly memoryBytes: number;
  /** How many processes wanted a core while it was measured. */
  readonly load: number;
}

export function thisMachine(): Machine {
  const cores = cpus();
  return {
    date: new Date().toISOString(),
    node: process.version,
    platform: `${process.platform} ${process.arch} ${release()}`,
    cores: cores.length,
    cpu: cores[0]?.model ?? "unknown",
    memoryBytes: totalmem(),
    load: loadavg()[0] ?? 0,
  };
}
