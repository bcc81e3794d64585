import { cpus, loadavg, release, totalmem } from "node:os";

/** The machine that the numbers were measured on. */
export interface Machine {
  readonly date: string;
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly cpu: string;
  readonly memoryBytes: number;
  /** The load average during the measurement. */
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
