import type { variables } from "../../config/environment.js";
import { isUsableProxy, proxyFor, withoutCredentials } from "../../util/proxy.js";
import { type DoctorCheck, ok, skipped, toDo } from "./check.js";

type Variables = ReturnType<typeof variables>;

/** Checks the proxy that the environment sets for the backend. Its user and password are not shown. */
export function checkProxy(found: Variables, address: string | undefined): DoctorCheck {
  const secure = found.https_proxy === undefined ? "HTTPS_PROXY" : "https_proxy";
  const isAnySet = [found.http_proxy, found.HTTP_PROXY, found[secure]].some((value) => value !== undefined);
  if (!isAnySet) return ok("proxy", "None is set.");
  if (address === undefined) return skipped("proxy", "The address above is invalid.");
  const proxy = proxyFor(address, (name) => found[name]);
  if (proxy === undefined) return ok("proxy", `None for this address; ${secure} applies to https only.`);
  const { variable } = proxy;
  if (!isUsableProxy(proxy)) {
    const next = `Set ${variable} to a URL such as http://proxy.example:3128.`;
    return toDo("proxy", `${variable} is not an http or https URL.`, next);
  }
  const exceptions = found.no_proxy ?? found.NO_PROXY;
  const but = exceptions === undefined ? "" : `, except for the hosts of NO_PROXY (${exceptions})`;
  return ok("proxy", `Requests use ${withoutCredentials(proxy)} (${variable})${but}.`);
}
