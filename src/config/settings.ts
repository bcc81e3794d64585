import { EvsysValidationError } from "../errors.js";
import { LOG_LEVELS, type LogLevel } from "../logger.js";
import { API_PATH } from "../util/api-path.js";
import { preview } from "../util/preview.js";
import { issueAt } from "../util/validation.js";
import type { Variable } from "./environment.js";

const YES: readonly string[] = ["1", "true", "yes", "on"];
const NO: readonly string[] = ["0", "false", "no", "off"];

export function apiKeyOf(subject: string, key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key;
  const issue = issueAt(
    ["apiKey"],
    "expected printable ASCII without spaces: other characters are invalid in a header",
  );
  throw new EvsysValidationError(subject, [issue]);
}

export function baseUrlOf(subject: string, option: string | undefined, variable: string | undefined): string {
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

export function isSwitchedOn(subject: string, variable: Variable, value: string | undefined): boolean {
  const text = value?.toLowerCase() ?? "off";
  if (YES.includes(text)) return true;
  if (NO.includes(text)) return false;
  throw new EvsysValidationError(subject, [
    issueAt([variable], `expected one of ${[...YES, ...NO].join(", ")}, got ${preview(value)}`),
  ]);
}

export function logLevelOf(subject: string, option: string | undefined, variable: string | undefined): LogLevel {
  const text = option ?? variable ?? "WARNING";
  const level = LOG_LEVELS.find((known) => known === text.toUpperCase());
  if (level !== undefined) return level;
  const name = option === undefined ? "EVSYS_LOGGING_LEVEL" : "logLevel";
  throw new EvsysValidationError(subject, [
    issueAt([name], `expected one of ${LOG_LEVELS.join(", ")}, got ${preview(text)}`),
  ]);
}
