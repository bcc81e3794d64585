/** The environment variables, by name. */
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

/** A variable that a client or its connection reads. */
export type Variable = (typeof VARIABLES)[number];

/** The values of the variables that a client or its connection reads, without blank ones. */
export function variables(environment: Environment = process.env): Readonly<Partial<Record<Variable, string>>> {
  const found: Partial<Record<Variable, string>> = {};
  for (const name of VARIABLES) {
    const value = environment[name]?.trim();
    if (value) found[name] = value;
  }
  return found;
}
