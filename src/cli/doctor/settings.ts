import { type Config, type Environment, logDirOf, resolveConfig, type Variable, type variables } from "../../config.js";
import { EvsysValidationError } from "../../errors.js";
import { isLoopback } from "../../util/loopback.js";
import { type Check, ok, toDo } from "./check.js";

/** The settings of a client here, with a check for each. */
export interface Settings {
  readonly checks: readonly Check[];
  /** What a client would work with, without a key that it could not use; undefined where the address cannot be used. */
  readonly config: Config | undefined;
  readonly logDir: string;
}

type Found = ReturnType<typeof variables>;

/** Looks at the settings one by one, so that one that cannot be used hides none of the others. */
export function checkSettings(found: Found): Settings {
  const isOffline = partOf(found, "EVSYS_OFFLINE").config?.offline === true;
  const usable: Environment = Object.fromEntries(
    Object.entries(found).filter(([name]) => partOf(found, name).problem === undefined),
  );
  const hasAddress = partOf(found, "EVSYS_API_URL").problem === undefined;
  const config = hasAddress
    ? { ...resolveConfig({ offline: true, disabled: false }, usable), offline: isOffline }
    : undefined;
  return {
    config,
    logDir: logDirOf(undefined, usable),
    checks: [
      checkOf("address", found, "EVSYS_API_URL", (config) => config.baseUrl, "Set it to the backend's address."),
      ...(config === undefined ? [] : [encryption(config.baseUrl)]),
      credential("key", found, "EVSYS_API_KEY", isOffline),
      credential("project", found, "EVSYS_PROJECT_ID", isOffline),
      mode(found, isOffline),
      ...disabled(found),
      ...folder(found),
      checkOf("log level", found, "EVSYS_LOGGING_LEVEL", (config) => config.logLevel, "Set it to one of these."),
    ],
  };
}

function encryption(address: string): Check {
  if (address.startsWith("https:")) return ok("encryption", "The way to the backend is encrypted.");
  if (isLoopback(address)) return ok("encryption", "Plain http, which stays on this machine.");
  const next = "Set EVSYS_API_URL to an https address.";
  return toDo("encryption", "Plain http: others on the way can read the key and what is sent.", next);
}

/** The mirror has checks of its own; here is one only for a variable that clients refuse. */
function folder(found: Found): Check[] {
  const { problem } = partOf(found, "EVSYS_LOG_DIR");
  return problem === undefined ? [] : [toDo("folder", problem, "Set EVSYS_LOG_DIR to the path of a folder.")];
}

function mode(found: Found, isOffline: boolean): Check {
  if (isOffline) return ok("mode", "Offline, by EVSYS_OFFLINE: clients write to the mirror alone.");
  if (found.EVSYS_OFFLINE === undefined) return ok("mode", "Online, the default: clients send.");
  if (partOf(found, "EVSYS_OFFLINE").problem === undefined)
    return ok("mode", "Online, by EVSYS_OFFLINE: clients send.");
  const refused = `EVSYS_OFFLINE is ${JSON.stringify(found.EVSYS_OFFLINE)}, which clients refuse.`;
  return toDo("mode", refused, "Set EVSYS_OFFLINE=1 to work offline, EVSYS_OFFLINE=0 or nothing to send.");
}

/** A forgotten variable loses a training: a client that is disabled prints nothing. */
function disabled(found: Found): Check[] {
  const { config, problem } = partOf(found, "EVSYS_DISABLED");
  const next = "Unset it to record.";
  if (problem !== undefined) return [toDo("disabled", problem, next)];
  if (config?.disabled !== true) return [];
  return [toDo("disabled", "Disabled, by EVSYS_DISABLED: clients write to no mirror and send nothing.", next)];
}

function credential(check: string, found: Found, variable: Variable, isOffline: boolean): Check {
  const value = found[variable];
  const { problem } = partOf(found, variable);
  if (problem !== undefined) return toDo(check, problem, `Set ${variable} anew, with nothing around it.`);
  // Nothing of a key is shown, not even its length.
  if (value !== undefined) return ok(check, `${variable === "EVSYS_API_KEY" ? "Set" : value}, by ${variable}.`);
  if (isOffline) return ok(check, "Not set, and not needed offline.");
  return toDo(check, `${variable} is not set.`, `Set ${variable}, or work without a backend: EVSYS_OFFLINE=1.`);
}

function checkOf(
  check: string,
  found: Found,
  variable: Variable,
  read: (config: Config) => string,
  next: string,
): Check {
  const { config, problem } = partOf(found, variable);
  if (config === undefined) return toDo(check, problem ?? `${variable} cannot be used.`, next);
  return ok(check, `${read(config)}, ${found[variable] === undefined ? "the default" : `by ${variable}`}.`);
}

/** What a client makes of one variable alone. */
function partOf(found: Environment, variable: string): { readonly config?: Config; readonly problem?: string } {
  const part: Environment = { [variable]: found[variable] };
  try {
    const rest = variable === "EVSYS_OFFLINE" ? { apiKey: "any", projectId: "any" } : { offline: true };
    return { config: resolveConfig(rest, part) };
  } catch (error) {
    if (!(error instanceof EvsysValidationError)) throw error;
    return { problem: `${error.issues.map(({ message }) => `${variable}: ${message}`).join("; ")}.` };
  }
}
