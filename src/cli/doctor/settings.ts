import type { Environment, Variable, variables } from "../../config/environment.js";
import { type Config, logDirOf, resolveConfig } from "../../config.js";
import { EvsysValidationError } from "../../errors.js";
import { isLoopback } from "../../util/loopback.js";
import { type DoctorCheck, ok, toDo } from "./check.js";

/** The settings of a client in this environment, with a check for each. */
export interface Settings {
  readonly checks: readonly DoctorCheck[];
  /** The configuration of a client, without an invalid key; undefined if the address is invalid. */
  readonly config: Config | undefined;
  readonly logDir: string;
}

type Variables = ReturnType<typeof variables>;

/** Checks the settings one by one, so that an invalid one does not hide the others. */
export function checkSettings(found: Variables): Settings {
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

function encryption(address: string): DoctorCheck {
  if (address.startsWith("https:")) return ok("encryption", "The connection to the backend is encrypted.");
  if (isLoopback(address)) return ok("encryption", "Plain http, but only on this machine.");
  const next = "Set EVSYS_API_URL to an https address.";
  return toDo("encryption", "Plain http: others on the network can read the API key and all writes.", next);
}

/** A check only for an invalid EVSYS_LOG_DIR; the mirror has its own checks. */
function folder(found: Variables): DoctorCheck[] {
  const { problem } = partOf(found, "EVSYS_LOG_DIR");
  return problem === undefined ? [] : [toDo("folder", problem, "Set EVSYS_LOG_DIR to the path of a folder.")];
}

function mode(found: Variables, isOffline: boolean): DoctorCheck {
  if (isOffline) return ok("mode", "Offline (from EVSYS_OFFLINE): clients only write to the mirror.");
  if (found.EVSYS_OFFLINE === undefined) return ok("mode", "Online (the default): clients send.");
  if (partOf(found, "EVSYS_OFFLINE").problem === undefined)
    return ok("mode", "Online (from EVSYS_OFFLINE): clients send.");
  const problem = `EVSYS_OFFLINE is ${JSON.stringify(found.EVSYS_OFFLINE)}, which is invalid.`;
  return toDo("mode", problem, "Set EVSYS_OFFLINE=1 to work offline; set EVSYS_OFFLINE=0 or unset it to send.");
}

/** A disabled client prints nothing, so a forgotten variable would go unnoticed. */
function disabled(found: Variables): DoctorCheck[] {
  const { config, problem } = partOf(found, "EVSYS_DISABLED");
  const next = "Unset it to record.";
  if (problem !== undefined) return [toDo("disabled", problem, next)];
  if (config?.disabled !== true) return [];
  return [toDo("disabled", "Disabled (from EVSYS_DISABLED): clients neither write to a mirror nor send.", next)];
}

function credential(check: string, found: Variables, variable: Variable, isOffline: boolean): DoctorCheck {
  const value = found[variable];
  const { problem } = partOf(found, variable);
  if (problem !== undefined) return toDo(check, problem, `Set ${variable} again, without other characters.`);
  // No part of the key is shown, not even its length.
  if (value !== undefined) return ok(check, `${variable === "EVSYS_API_KEY" ? "Set" : value} (from ${variable}).`);
  if (isOffline) return ok(check, "Not set; not needed offline.");
  return toDo(check, `${variable} is not set.`, `Set ${variable}, or work without a backend: EVSYS_OFFLINE=1.`);
}

function checkOf(
  check: string,
  found: Variables,
  variable: Variable,
  read: (config: Config) => string,
  next: string,
): DoctorCheck {
  const { config, problem } = partOf(found, variable);
  if (config === undefined) return toDo(check, problem ?? `${variable} is invalid.`, next);
  return ok(check, `${read(config)} (${found[variable] === undefined ? "the default" : `from ${variable}`}).`);
}

/** The configuration of a client with only one variable set, or the problem with it. */
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
