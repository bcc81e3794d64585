import { type Config, resolveConfig } from "../../config.js";
import { EvsysAuthError, EvsysValidationError } from "../../errors.js";
import { type Given, UsageError } from "../terminal/arguments.js";

const USUAL_TIMEOUT_MS = 10_000;

/** How the options of a client are given here. */
const SOURCES: Readonly<Record<string, string>> = {
  baseUrl: "--url",
  apiKey: "--api-key or EVSYS_API_KEY",
  timeoutMs: "--timeout-ms",
};

/**
 * Which backend to check, with which key and in which project.
 * @throws UsageError where something is missing or does not fit. It shows no key.
 */
export function contractConfig(given: Given): Config {
  refuseEmpty(given);
  refuseWords(given);
  const timeoutMs = given.number("timeout-ms", 1, "whole") ?? USUAL_TIMEOUT_MS;
  try {
    const [baseUrl, apiKey, projectId] = [given.text("url"), given.text("api-key"), given.text("project-id")];
    return resolveConfig({ baseUrl, apiKey, projectId, timeoutMs, offline: false, disabled: false });
  } catch (error) {
    if (error instanceof EvsysAuthError) throw withoutCredentials(error);
    if (error instanceof EvsysValidationError) throw namedAsGiven(error);
    throw error;
  }
}

/** An address that stands by itself is shown; any other word may be a key. */
function refuseWords({ dirs: [word] }: Given): void {
  if (word === undefined) return;
  if (!/^https?:/.test(word) || !URL.canParse(word)) {
    throw new UsageError("contract takes options alone: evsys-sdk contract --help shows them.");
  }
  const { origin, pathname } = new URL(word);
  throw new UsageError(`Give the address with --url ${origin}${pathname === "/" ? "" : pathname}`);
}

/** What is given as nothing, such as by an unset variable of a shell, must not lead to a default's backend. */
function refuseEmpty(given: Given): void {
  const examples = { url: "http://localhost:8000", "api-key": "key", "project-id": "id" };
  for (const [name, example] of Object.entries(examples)) {
    const text = given.text(name);
    if (text !== undefined && (text.trim() === "" || text.startsWith("--"))) {
      throw new UsageError(`--${name} takes a value: --${name} ${example}`);
    }
  }
}

function withoutCredentials({ message }: EvsysAuthError): UsageError {
  const missing = [
    ...(message.includes("EVSYS_API_KEY") ? ["EVSYS_API_KEY (or --api-key)"] : []),
    ...(message.includes("EVSYS_PROJECT_ID") ? ["EVSYS_PROJECT_ID (or --project-id)"] : []),
  ];
  return new UsageError(`Set ${missing.join(" and ")}: the checks write to a project.`);
}

/** The error of a client names its options; here they are given otherwise. */
function namedAsGiven({ issues }: EvsysValidationError): UsageError {
  const named = issues.map(({ field, message }) => `${SOURCES[field] ?? field}: ${message}`);
  return new UsageError(`${named.join("; ")}.`);
}
