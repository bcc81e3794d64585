import * as z from "zod";
import { EvsysAuthError, EvsysValidationError } from "./errors.js";
import { isLogger, LOG_LEVELS, type Logger, type LogLevel } from "./logger.js";
import { API_PATH } from "./util/api-path.js";
import { folderPath } from "./util/folder-path.js";
import { isUsableProxy, type ProxySetting, proxyFor, withoutCredentials } from "./util/proxy.js";
import { MAX_TIMER_MS } from "./util/timers.js";
import { issueAt, preview, validated } from "./util/validation.js";

/** As many as the connection pool opens connections. */
export const MAX_IN_FLIGHT = 128;

/** A fetch of the caller's own, for tests, tracing or a proxy. It is called with a URL and a plain `RequestInit`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** When what is written has to be on the disk itself. */
export type Fsync = "never" | "interval" | "always";

/** The options of a client. What is not given is read from the environment, then from the default. */
export interface DashboardClientOptions {
  /** Where the backend listens. EVSYS_API_URL; default `http://localhost:8000`. Trailing slashes are dropped. */
  readonly baseUrl?: string | undefined;
  /** The API key. EVSYS_API_KEY. Needed unless `offline` or `disabled`. */
  readonly apiKey?: string | undefined;
  /** The project that new experiments belong to. EVSYS_PROJECT_ID. Needed unless `offline` or `disabled`. */
  readonly projectId?: string | undefined;
  /** The longest a call may take, queueing, retries and Retry-After included, in milliseconds. Default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** Write to the mirror only, never to the network. EVSYS_OFFLINE (1, true, yes, on; or 0, false, no, off); default false. */
  readonly offline?: boolean | undefined;
  /**
   * Validate and answer calls, and touch neither the disk nor the network: for unit tests of code that logs. Takes
   * precedence over `offline`. EVSYS_DISABLED (the same values as EVSYS_OFFLINE); default false.
   */
  readonly disabled?: boolean | undefined;
  /** The folder of the mirror. EVSYS_LOG_DIR; default `./evsys_sdk`. Made when first written to. */
  readonly logDir?: string | undefined;
  /** How often a write is tried again within its call when the backend is away. Default 2. */
  readonly maxRetries?: number | undefined;
  /** `await`: a call resolves with the backend's answer. `background`: once it is in the mirror. Default `await`. */
  readonly delivery?: "await" | "background" | undefined;
  /**
   * When a write has to be on the disk itself, and not in the system's memory alone, where a kill cannot take it and a
   * power cut can. `always`: before its call resolves. `interval`: within a second. Default `never`: when the system will.
   */
  readonly fsync?: Fsync | undefined;
  /** How many rows of one stream of a run may be in flight: 1 to 128. Default 8. */
  readonly concurrency?: number | undefined;
  /** Sends the requests in place of the built-in connection pool. */
  readonly fetch?: Fetch | undefined;
  /** Takes the log lines. Default: stderr. */
  readonly logger?: Logger | undefined;
  /** The lowest level that is logged, in any case. EVSYS_LOGGING_LEVEL; default WARNING. */
  readonly logLevel?: LogLevel | Lowercase<LogLevel> | undefined;
  /** Told of each write that was refused or blocked after its call had resolved. */
  readonly onDeliveryError?: ((error: Error) => void) | undefined;
}

/** The options with nothing left open. */
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

/** The variables of the environment, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES = [
  "EVSYS_API_URL",
  "EVSYS_API_KEY",
  "EVSYS_PROJECT_ID",
  "EVSYS_LOG_DIR",
  "EVSYS_OFFLINE",
  "EVSYS_DISABLED",
  "EVSYS_LOGGING_LEVEL",
  "http_proxy",
  "HTTP_PROXY",
  "https_proxy",
  "HTTPS_PROXY",
  "no_proxy",
  "NO_PROXY",
] as const;

/** A variable that a client or its connection heeds. */
export type Variable = (typeof VARIABLES)[number];

const YES: readonly string[] = ["1", "true", "yes", "on"];
const NO: readonly string[] = ["0", "false", "no", "off"];
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
 * Precedence: option, environment variable, default. The only reader of the environment in this package.
 * @throws EvsysValidationError for an invalid value, naming the option or the variable.
 * @throws EvsysAuthError if the key or the project is missing and the client is neither offline nor disabled.
 */
export function resolveConfig(
  options: DashboardClientOptions = {},
  environment: Environment = process.env,
  subject = CLIENT_OPTIONS,
): Config {
  const given = validated(subject, clientOptions, options);
  const setting = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const baseUrl = baseUrlOf(subject, given.baseUrl?.trim() || undefined, setting("EVSYS_API_URL"));
  const disabled = given.disabled ?? isSwitchedOn(subject, "EVSYS_DISABLED", setting("EVSYS_DISABLED"));
  const config: Config = {
    baseUrl,
    apiKey: apiKeyOf(subject, given.apiKey?.trim() || setting("EVSYS_API_KEY")),
    projectId: given.projectId?.trim() || setting("EVSYS_PROJECT_ID"),
    timeoutMs: given.timeoutMs ?? 30_000,
    offline: disabled || (given.offline ?? isSwitchedOn(subject, "EVSYS_OFFLINE", setting("EVSYS_OFFLINE"))),
    disabled,
    logDir: logDirOf(given.logDir, environment, subject),
    maxRetries: given.maxRetries ?? 2,
    delivery: given.delivery ?? "await",
    concurrency: given.concurrency ?? 8,
    fsync: given.fsync ?? "never",
    fetch: given.fetch,
    proxy: proxyFor(baseUrl, setting),
    logger: given.logger,
    logLevel: logLevelOf(subject, given.logLevel?.trim() || undefined, setting("EVSYS_LOGGING_LEVEL")),
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
 * @throws EvsysValidationError if it is no folder.
 */
export function logDirOf(given?: string, environment: Environment = process.env, subject = CLIENT_OPTIONS): string {
  const option = given?.trim();
  if (option) return folderPath(subject, ["logDir"], option);
  const variable = environment.EVSYS_LOG_DIR?.trim();
  return variable ? folderPath(subject, ["EVSYS_LOG_DIR"], variable) : DEFAULT_LOG_DIR;
}

/** What the variables say that a client or its connection heeds; blank ones are left out. */
export function variables(environment: Environment = process.env): Readonly<Partial<Record<Variable, string>>> {
  const found: Partial<Record<Variable, string>> = {};
  for (const name of VARIABLES) {
    const value = environment[name]?.trim();
    if (value) found[name] = value;
  }
  return found;
}

/**
 * Whether a stream should be written to in colour: it is a terminal, and NO_COLOR is not set. FORCE_COLOR goes before
 * both, as in Node itself.
 */
export function prefersColour(
  { isTTY }: { readonly isTTY?: boolean },
  environment: Environment = process.env,
): boolean {
  const forced = environment.FORCE_COLOR?.trim();
  if (forced) return !/^(0|false)$/i.test(forced);
  return isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
}

/** Whether a stream is a terminal that shows characters beyond ASCII. */
export function showsUnicode(
  { isTTY }: { readonly isTTY?: boolean },
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (isTTY !== true || environment.TERM === "dumb") return false;
  if (platform === "win32") return environment.WT_SESSION !== undefined;
  // The first of them that is set decides, as in POSIX.
  const locale = [environment.LC_ALL, environment.LC_CTYPE, environment.LANG].find(Boolean);
  return /utf-?8/i.test(locale ?? "");
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

/** A fetch of the caller's goes its own way, and an offline client goes nowhere. */
function assertUsableProxy({ proxy, fetch }: Config, subject: string): void {
  if (proxy === undefined || fetch !== undefined || isUsableProxy(proxy)) return;
  const message = `expected an http or https URL such as http://proxy.example:3128, got ${preview(withoutCredentials(proxy))}`;
  throw new EvsysValidationError(subject, [issueAt([proxy.variable], message)]);
}

function apiKeyOf(subject: string, key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key;
  const issue = issueAt(["apiKey"], "expected printable ASCII without spaces; what was given cannot stand in a header");
  throw new EvsysValidationError(subject, [issue]);
}

function baseUrlOf(subject: string, option: string | undefined, variable: string | undefined): string {
  const text = option ?? variable ?? "http://localhost:8000";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const name = option === undefined ? "EVSYS_API_URL" : "baseUrl";
  const invalid = (what: string) =>
    new EvsysValidationError(subject, [issueAt([name], `${what}, such as http://localhost:8000`)]);
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalid(`expected an http or https URL, got ${preview(text)}`);
  if (url.username !== "" || url.password !== "") throw invalid("expected a URL without user name and password");
  if (url.search !== "" || url.hash !== "") throw invalid(`expected a URL without ? and #, got ${preview(text)}`);
  const address = text.replace(/\/+$/, "");
  if (address.endsWith(API_PATH)) throw invalid(`give the address without ${API_PATH}`);
  return address;
}

function isSwitchedOn(subject: string, variable: Variable, value: string | undefined): boolean {
  const text = value?.toLowerCase() ?? "off";
  if (YES.includes(text)) return true;
  if (NO.includes(text)) return false;
  throw new EvsysValidationError(subject, [
    issueAt([variable], `expected one of ${[...YES, ...NO].join(", ")}, got ${preview(value)}`),
  ]);
}

function logLevelOf(subject: string, option: string | undefined, variable: string | undefined): LogLevel {
  const text = option ?? variable ?? "WARNING";
  const level = LOG_LEVELS.find((known) => known === text.toUpperCase());
  if (level !== undefined) return level;
  const name = option === undefined ? "EVSYS_LOGGING_LEVEL" : "logLevel";
  throw new EvsysValidationError(subject, [
    issueAt([name], `expected one of ${LOG_LEVELS.join(", ")}, got ${preview(text)}`),
  ]);
}
