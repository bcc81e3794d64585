import { Console } from "node:console";
import { safeCallback } from "./util/callbacks.js";

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

/** Logs nothing. */
export const SILENT_LOGGER: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** Whether a value has the four methods of a logger. */
export function isLogger(value: unknown): value is Logger {
  return (
    typeof value === "object" &&
    value !== null &&
    ["debug", "info", "warn", "error"].every((method) => typeof Reflect.get(value, method) === "function")
  );
}

/** A logger that passes on messages at or above the level. It never throws. Default target: stderr. */
export function levelled(level: LogLevel, target?: Logger): Logger {
  const threshold = LOG_LEVELS.indexOf(level);
  const sink = target === undefined ? stderrLogger() : safeLogger(target);
  const from = (own: LogLevel, write: (message: string) => void) =>
    LOG_LEVELS.indexOf(own) < threshold ? silent : (message: string) => write(`[evsys-sdk] ${message}`);
  return {
    debug: from("DEBUG", (message) => sink.debug(message)),
    info: from("INFO", (message) => sink.info(message)),
    warn: from("WARNING", (message) => sink.warn(message)),
    error: from("ERROR", (message) => sink.error(message)),
  };
}

/** A user's logger whose failures are reported once to stderr and affect nothing else. */
export function safeLogger(target: Logger): Logger {
  const report = (message: string): void => stderrLogger().error(`[evsys-sdk] ${message}`);
  const log = safeCallback("logger", (method: keyof Logger, message: string) => target[method](message), report);
  return {
    debug: (message) => log("debug", message),
    info: (message) => log("info", message),
    warn: (message) => log("warn", message),
    error: (message) => log("error", message),
  };
}

function stderrLogger(): Logger {
  return new Console({ stdout: process.stderr, stderr: process.stderr });
}
