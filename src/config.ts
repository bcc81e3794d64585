import * as z from "zod";
import { type Environment, variables } from "./config/environment.js";
import { apiKeyOf, baseUrlOf, isSwitchedOn, logLevelOf } from "./config/settings.js";
import { EvsysAuthError, EvsysValidationError } from "./errors.js";
import { isLogger, type Logger, type LogLevel } from "./logger.js";
import { folderPath } from "./util/folder-path.js";
import { preview } from "./util/preview.js";
import { isUsableProxy, type ProxySetting, proxyFor, withoutCredentials } from "./util/proxy.js";
import { MAX_TIMER_MS } from "./util/timers.js";
import { issueAt, validated } from "./util/validation.js";

/** The number of connections that the connection pool opens. */
export const MAX_IN_FLIGHT = 128;

/** A fetch of the caller's own, for tests, tracing or a proxy. It is called with a URL and a plain `RequestInit`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** When the mirror is flushed to the disk (`fsync`). */
export type Fsync = "never" | "interval" | "always";

/** The options of a client. Precedence: option, environment variable, default. */
export interface DashboardClientOptions {
  /** The URL of the backend. EVSYS_API_URL; default `http://localhost:8000`. Trailing slashes are dropped. */
  readonly baseUrl?: string | undefined;
  /** The API key. EVSYS_API_KEY. Needed unless `offline` or `disabled`. */
  readonly apiKey?: string | undefined;
  /** The project that new experiments belong to. EVSYS_PROJECT_ID. Needed unless `offline` or `disabled`. */
  readonly projectId?: string | undefined;
  /** Maximum duration of a call, including queueing, retries and Retry-After, in milliseconds. Default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** Write to the mirror only, never to the network. EVSYS_OFFLINE (1, true, yes, on; or 0, false, no, off); default false. */
  readonly offline?: boolean | undefined;
  /**
   * Only validate calls, and touch neither the disk nor the network: for unit tests of code that logs. Takes
   * precedence over `offline`. EVSYS_DISABLED (the same values as EVSYS_OFFLINE); default false.
   */
  readonly disabled?: boolean | undefined;
  /** The folder of the mirror. EVSYS_LOG_DIR; default `./evsys_sdk`. Created at the first write. */
  readonly logDir?: string | undefined;
  /** Maximum number of retries within a call if the backend is unavailable. Default 2. */
  readonly maxRetries?: number | undefined;
  /** `await`: a call resolves with the backend's response. `background`: once the write is in the mirror. Default `await`. */
  readonly delivery?: "await" | "background" | undefined;
  /**
   * When writes are flushed to the disk. A killed process loses no writes either way; this protects against power loss.
   * `always`: before the call resolves. `interval`: within a second. `never` (default): when the operating system does.
   */
  readonly fsync?: Fsync | undefined;
  /** How many rows of one stream of a run may be in flight: 1 to 128. Default 8. */
  readonly concurrency?: number | undefined;
  /** Sends the requests in place of the built-in connection pool. */
  readonly fetch?: Fetch | undefined;
  /** Receives the log messages. Default: stderr. */
  readonly logger?: Logger | undefined;
  /** The lowest level that is logged, case-insensitive. EVSYS_LOGGING_LEVEL; default WARNING. */
  readonly logLevel?: LogLevel | Lowercase<LogLevel> | undefined;
  /** Called for each write that is rejected or blocked after its call has resolved. */
  readonly onDeliveryError?: ((error: Error) => void) | undefined;
}

/** The resolved options. */
export interface Config {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly projectId: string | undefined;
  readonly timeoutMs: number;
  /** Whether nothing is sent: also true if `disabled`. */
  readonly offline: boolean;
  /** Whether nothing is written either. */
  readonly disabled: boolean;
  readonly logDir: string;
  readonly maxRetries: number;
  readonly delivery: "await" | "background";
  readonly concurrency: number;
  readonly fsync: Fsync;
  readonly fetch: Fetch | undefined;
  /** The proxy that requests go through, except to the hosts of NO_PROXY. */
  readonly proxy: ProxySetting | undefined;
  readonly logger: Logger | undefined;
  readonly logLevel: LogLevel;
  readonly onDeliveryError: ((error: Error) => void) | undefined;
}

const CLIENT_OPTIONS = "DashboardClient options";

/** A function of the user's. */
export const functionOf = <Fn>() => z.custom<Fn>((value) => typeof value === "function", "expected a function");

/** The options of a client. */
export const clientOptions = z.strictObject({
  baseUrl: z.string().optional(),
  apiKey: z.string().optional(),
  projectId: z.string().optional(),
  timeoutMs: z.number().positive().max(MAX_TIMER_MS).optional(),
  offline: z.boolean().optional(),
  disabled: z.boolean().optional(),
  logDir: z.string().optional(),
  maxRetries: z.int().min(0).optional(),
  delivery: z.enum(["await", "background"]).optional(),
  concurrency: z.int().min(1).max(MAX_IN_FLIGHT).optional(),
  fsync: z.enum(["never", "interval", "always"]).optional(),
  fetch: functionOf<Fetch>().optional(),
  logger: z.custom<Logger>(isLogger, "expected an object with debug, info, warn and error").optional(),
  logLevel: z.string().optional(),
  onDeliveryError: functionOf<(error: Error) => void>().optional(),
});

/**
 * The configuration of a client. Precedence: option, environment variable, default.
 * @throws EvsysValidationError for an invalid value, naming the option or the variable.
 * @throws EvsysAuthError if the key or the project is missing and the client is neither offline nor disabled.
 */
export function resolveConfig(
  options: DashboardClientOptions = {},
  environment: Environment = process.env,
  subject = CLIENT_OPTIONS,
): Config {
  const given = validated(subject, clientOptions, options);
  const settings = variables(environment);
  const baseUrl = baseUrlOf(subject, given.baseUrl?.trim() || undefined, settings.EVSYS_API_URL);
  const disabled = given.disabled ?? isSwitchedOn(subject, "EVSYS_DISABLED", settings.EVSYS_DISABLED);
  const config: Config = {
    baseUrl,
    apiKey: apiKeyOf(subject, given.apiKey?.trim() || settings.EVSYS_API_KEY),
    projectId: given.projectId?.trim() || settings.EVSYS_PROJECT_ID,
    timeoutMs: given.timeoutMs ?? 30_000,
    offline: disabled || (given.offline ?? isSwitchedOn(subject, "EVSYS_OFFLINE", settings.EVSYS_OFFLINE)),
    disabled,
    logDir: logDirOf(given.logDir, environment, subject),
    maxRetries: given.maxRetries ?? 2,
    delivery: given.delivery ?? "await",
    concurrency: given.concurrency ?? 8,
    fsync: given.fsync ?? "never",
    fetch: given.fetch,
    proxy: proxyFor(baseUrl, (name) => settings[name]),
    logger: given.logger,
    logLevel: logLevelOf(subject, given.logLevel?.trim() || undefined, settings.EVSYS_LOGGING_LEVEL),
    onDeliveryError: given.onDeliveryError,
  };
  if (!config.offline) {
    assertCredentials(config, subject);
    assertUsableProxy(config, subject);
  }
  return config;
}

/** The default folder of the mirror. */
export const DEFAULT_LOG_DIR = "./evsys_sdk";

/**
 * The folder of the mirror: the given one, else that of EVSYS_LOG_DIR, else `./evsys_sdk`.
 * @throws EvsysValidationError if it is not a folder.
 */
export function logDirOf(given?: string, environment: Environment = process.env, subject = CLIENT_OPTIONS): string {
  const option = given?.trim();
  if (option) return folderPath(subject, ["logDir"], option);
  const variable = variables(environment).EVSYS_LOG_DIR;
  return variable ? folderPath(subject, ["EVSYS_LOG_DIR"], variable) : DEFAULT_LOG_DIR;
}

function assertCredentials({ apiKey, projectId }: Config, subject: string): void {
  const missing = [
    ...(apiKey === undefined ? ["the API key (option apiKey or EVSYS_API_KEY)"] : []),
    ...(projectId === undefined ? ["the project (option projectId or EVSYS_PROJECT_ID)"] : []),
  ];
  if (missing.length === 0) return;
  const hint = subject === CLIENT_OPTIONS ? ", or work without a backend: offline: true or EVSYS_OFFLINE=1" : "";
  throw new EvsysAuthError(`Missing: ${missing.join(" and ")}. Set ${missing.length > 1 ? "them" : "it"}${hint}.`);
}

/** A caller's own `fetch` does not use the proxy. */
function assertUsableProxy({ proxy, fetch }: Config, subject: string): void {
  if (proxy === undefined || fetch !== undefined || isUsableProxy(proxy)) return;
  const message = `expected an http or https URL such as http://proxy.example:3128, got ${preview(withoutCredentials(proxy))}`;
  throw new EvsysValidationError(subject, [issueAt([proxy.variable], message)]);
}
