/** The proxy between a client and its backend. */
export interface ProxySetting {
  /** The environment variable it comes from. */
  readonly variable: ProxyVariable;
  /** Its URL, including the user and password if it needs them. */
  readonly url: string;
}

export type ProxyVariable = "http_proxy" | "HTTP_PROXY" | "https_proxy" | "HTTPS_PROXY";

const HTTP = ["http_proxy", "HTTP_PROXY"] as const satisfies readonly ProxyVariable[];
const HTTPS = ["https_proxy", "HTTPS_PROXY"] as const satisfies readonly ProxyVariable[];

/**
 * The proxy that the environment sets for a URL; it is not validated. HTTP_PROXY also applies to https if HTTPS_PROXY is
 * not set. The lower-case variable takes precedence, as in curl.
 */
export function proxyFor(
  baseUrl: string,
  setting: (name: ProxyVariable) => string | undefined,
): ProxySetting | undefined {
  const names = baseUrl.startsWith("https:") ? [...HTTPS, ...HTTP] : HTTP;
  for (const variable of names) {
    const value = setting(variable);
    // A value without a scheme means http, as in curl.
    if (value !== undefined) return { variable, url: value.includes("://") ? value : `http://${value}` };
  }
  return undefined;
}

/** Whether a proxy URL is valid: http or https, with a user and password that can be decoded. */
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

/** The URL of a proxy without user and password. */
export function withoutCredentials({ url }: ProxySetting): string {
  if (URL.canParse(url) && new URL(url).host !== "") {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  }
  return url.replace(/^(\w+:\/\/)?.*@/s, "$1");
}
