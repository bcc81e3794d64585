import { type Check, ok, toDo } from "./check.js";

/** Whether a version of Node is one that this package runs on; `needed` is a range such as `>=20.19`. */
export function checkNode(version: string, needed: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = (needed.match(/\d+/g) ?? []).map(Number);
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  if (isEnough) return ok("Node", `${version}, and ${needed} is needed.`);
  return toDo("Node", `${version}, and ${needed} is needed.`, "Install a newer Node.");
}
