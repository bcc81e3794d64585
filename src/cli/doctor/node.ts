import { type DoctorCheck, ok, toDo } from "./check.js";

/** Checks the version of Node; `needed` is a range such as `>=20.19`. */
export function checkNode(version: string, needed: string): DoctorCheck {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = (needed.match(/\d+/g) ?? []).map(Number);
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  if (isEnough) return ok("Node", `${version} (required: ${needed}).`);
  return toDo("Node", `${version} (required: ${needed}).`, "Install a newer version.");
}
