import type { Logger } from "../../src/index.js";

/** A logger that records its lines with their methods. */
export interface RecordingLogger extends Logger {
  readonly lines: readonly { readonly method: string; readonly message: string }[];
  /** The messages of one method. */
  of(method: keyof Logger): string[];
}

export function recordingLogger(): RecordingLogger {
  const lines: { method: string; message: string }[] = [];
  const keep = (method: string) => (message: string) => {
    lines.push({ method, message });
  };
  return {
    lines,
    of: (method) => lines.filter((line) => line.method === method).map((line) => line.message),
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
  };
}
