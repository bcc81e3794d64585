import { Console } from "node:console";

/** Anything with these four methods: `console`, pino, winston. */
export interface Logger {
  /** Of use where the package itself is looked into. */
  debug(message: string): void;
  /** What went as it should: the backend is back, rows were caught up with. */
  info(message: string): void;
  /** What the caller may want to see to; nothing is lost. */
  warn(message: string): void;
  /** What the caller has to see to. */
  error(message: string): void;
}

/** From the most to the least talkative. */
export const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;

/** A level of logging; what is below it is not logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

const silent = (): void => {};

/** A logger that passes on what is at or above the level. Without a target it writes to stderr. */
export function levelled(level: LogLevel, target: Logger = stderrLogger()): Logger {
  const threshold = LOG_LEVELS.indexOf(level);
  const from = (own: LogLevel, write: (message: string) => void) =>
    LOG_LEVELS.indexOf(own) < threshold ? silent : (message: string) => write(`[evsys-sdk] ${message}`);
  return {
    debug: from("DEBUG", (message) => target.debug(message)),
    info: from("INFO", (message) => target.info(message)),
    warn: from("WARNING", (message) => target.warn(message)),
    error: from("ERROR", (message) => target.error(message)),
  };
}

function stderrLogger(): Logger {
  return new Console({ stdout: process.stderr, stderr: process.stderr });
}
