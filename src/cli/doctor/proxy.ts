import type { variables } from "../../config.js";
import { isUsableProxy, proxyFor, withoutCredentials } from "../../util/proxy.js";
import { type Check, ok, skipped, toDo } from "./check.js";

type Found = ReturnType<typeof variables>;

/** Checks the proxy that the environment names for the backend. Its user and password are not shown. */
export function checkProxy(found: Found, address: string | undefined): Check {
  const secure = found.https_proxy === undefined ? "HTTPS_PROXY" : "https_proxy";
  const isAnySet = [found.http_proxy, found.HTTP_PROXY, found[secure]].some((value) => value !== undefined);
  if (!isAnySet) return ok("proxy", "None is set.");
  if (address === undefined) return skipped("proxy", "The address is not known.");
  const proxy = proxyFor(address, (name) => found[name]);
  if (proxy === undefined) return ok("proxy", `None for this address; ${secure} is for https.`);
  const { variable } = proxy;
  if (!isUsableProxy(proxy)) {
    const next = `Set ${variable} to one such as http://proxy.example:3128.`;
    return toDo("proxy", `${variable} is no http or https URL.`, next);
  }
  const exceptions = found.no_proxy ?? found.NO_PROXY;
  const but = exceptions === undefined ? "" : `, but for the hosts of NO_PROXY (${exceptions})`;
  return ok("proxy", `Requests go by ${withoutCredentials(proxy)} (${variable})${but}.`);
}
