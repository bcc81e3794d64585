import { Console } from "node:console";
import { safeCallback } from "./util/callbacks.js";

/** A logger: any object with these four methods, such as `console`, pino or winston. */
export interface Logger {
  /** Details for debugging this package. */
  debug(message: string): void;
  /** Normal events: the backend is available again, the backlog has been sent. */
  info(message: string): void;
  /** Problems that may need attention; nothing is lost. */
  warn(message: string): void;
  /** Problems that need attention. */
  error(message: string): void;
}

/** The log levels, from the most to the least verbose. */
export const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;

/** A log level; messages below it are not logged. */
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

/** Creates a logger that passes on messages at or above a level. It never throws. Default target: stderr. */
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

/** Wraps a user's logger: its failures are reported once on stderr and have no other effect. */
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
