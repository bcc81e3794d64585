import type { variables } from "../config.js";
import { type Check, ok, skipped, toDo } from "./doctor-check.js";

type Found = ReturnType<typeof variables>;

/** Which proxy the environment puts between a client and the backend. Its user and password are not shown. */
export function checkProxy(found: Found, address: string | undefined): Check {
  const plain = (["http_proxy", "HTTP_PROXY"] as const).find((name) => found[name] !== undefined);
  const secure = (["https_proxy", "HTTPS_PROXY"] as const).find((name) => found[name] !== undefined);
  if (plain === undefined && secure === undefined) return ok("proxy", "None is set.");
  if (address === undefined) return skipped("proxy", "The address is not known.");
  // As undici reads them: what is set for http serves https too where nothing else is.
  const variable = address.startsWith("https:") ? (secure ?? plain) : plain;
  const proxy = variable === undefined ? undefined : found[variable];
  if (variable === undefined || proxy === undefined)
    return ok("proxy", `None for this address; ${secure} is for https.`);
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol)) {
    return toDo(
      "proxy",
      `${variable} is no http or https URL.`,
      `Set ${variable} to one such as http://proxy.example:3128.`,
    );
  }
  const { protocol, host } = new URL(proxy);
  const exceptions = found.no_proxy ?? found.NO_PROXY;
  const but = exceptions === undefined ? "" : `, but for the hosts of NO_PROXY (${exceptions})`;
  return ok("proxy", `Requests go by ${protocol}//${host} (${variable})${but}.`);
}
