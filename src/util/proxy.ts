/** The proxy between a client and its backend. */
export interface ProxySetting {
  /** The environment variable that names it. */
  readonly variable: ProxyVariable;
  /** Its address, with user and password where it needs them. */
  readonly url: string;
}

export type ProxyVariable = "http_proxy" | "HTTP_PROXY" | "https_proxy" | "HTTPS_PROXY";

const HTTP = ["http_proxy", "HTTP_PROXY"] as const satisfies readonly ProxyVariable[];
const HTTPS = ["https_proxy", "HTTPS_PROXY"] as const satisfies readonly ProxyVariable[];

/**
 * The proxy that the environment names for an address, whether it can be one or not. The proxy for http serves https as
 * well if there is no other, and the lower-case variable takes precedence, as in curl.
 */
export function proxyFor(
  baseUrl: string,
  setting: (name: ProxyVariable) => string | undefined,
): ProxySetting | undefined {
  const names = baseUrl.startsWith("https:") ? [...HTTPS, ...HTTP] : HTTP;
  for (const variable of names) {
    const value = setting(variable);
    // A host and a port without a scheme mean http, as in curl.
    if (value !== undefined) return { variable, url: value.includes("://") ? value : `http://${value}` };
  }
  return undefined;
}

/** Whether a proxy can be used: an http or https URL whose user and password can be decoded. */
export function isUsableProxy({ url }: ProxySetting): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  try {
    decodeURIComponent(username + password);
  } catch {
    return false;
  }
  return /^https?:$/.test(protocol) && hostname !== "";
}

/** The address of a proxy without user and password. */
export function shownProxy({ url }: ProxySetting): string {
  if (URL.canParse(url) && new URL(url).host !== "") {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  }
  return url.replace(/^(\w+:\/\/)?.*@/s, "$1");
}
