import { type Config, resolveConfig } from "../../config.js";
import { EvsysAuthError, EvsysValidationError } from "../../errors.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";

const DEFAULT_TIMEOUT_MS = 10_000;

/** The sources of the client's options. */
const SOURCES: Readonly<Record<string, string>> = {
  baseUrl: "--url",
  apiKey: "--api-key or EVSYS_API_KEY",
  timeoutMs: "--timeout-ms",
};

/**
 * Reads the backend, the key and the project from the options and the environment.
 * @throws UsageError for missing or invalid values. Its message never contains the key.
 */
export function contractConfig(given: ParsedArguments): Config {
  assertNotEmpty(given);
  assertNoOperands(given);
  const timeoutMs = given.number("timeout-ms", 1, "integer") ?? DEFAULT_TIMEOUT_MS;
  try {
    const [baseUrl, apiKey, projectId] = [given.text("url"), given.text("api-key"), given.text("project-id")];
    return resolveConfig({ baseUrl, apiKey, projectId, timeoutMs, offline: false, disabled: false });
  } catch (error) {
    if (error instanceof EvsysAuthError) throw withoutCredentials(error);
    if (error instanceof EvsysValidationError) throw withOptionNames(error);
    throw error;
  }
}

/** Rejects operands. Only a URL is shown in the message, because any other operand may be a key. */
function assertNoOperands({ dirs: [word] }: ParsedArguments): void {
  if (word === undefined) return;
  if (!/^https?:/.test(word) || !URL.canParse(word)) {
    throw new UsageError("contract accepts only options. See evsys-sdk contract --help.");
  }
  const { origin, pathname } = new URL(word);
  throw new UsageError(`Pass the address with --url ${origin}${pathname === "/" ? "" : pathname}`);
}

/** Rejects empty values: an unset shell variable must not select the default backend. */
function assertNotEmpty(given: ParsedArguments): void {
  const examples = { url: "http://localhost:8000", "api-key": "key", "project-id": "id" };
  for (const [name, example] of Object.entries(examples)) {
    const text = given.text(name);
    if (text !== undefined && (text.trim() === "" || text.startsWith("--"))) {
      throw new UsageError(`--${name} requires a value: --${name} ${example}`);
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

/** Replaces the client's option names in an error by those of the command. */
function withOptionNames({ issues }: EvsysValidationError): UsageError {
  const named = issues.map(({ field, message }) => `${SOURCES[field] ?? field}: ${message}`);
  return new UsageError(`${named.join("; ")}.`);
}
