import { counted } from "../terminal/text.js";
import { type DoctorCheck, ok, skipped, toDo } from "./check.js";
import type { ProbeResponse } from "./probe.js";

const MAX_SKEW_S = 60;

/** Compares this machine's clock with that of the backend, whose Date header has whole seconds. */
export function clockCheck(date: ProbeResponse["date"]): DoctorCheck {
  if (date === undefined) return skipped("clock", "The backend's response has no Date header.");
  const skew = Math.round((date.ours - date.theirs) / 1000);
  if (Math.abs(skew) <= MAX_SKEW_S) return ok("clock", "This machine and the backend agree on the time.");
  const found = `This machine's clock is ${counted(Math.abs(skew), "second")} ${skew > 0 ? "ahead of" : "behind"} the backend's.`;
  return toDo("clock", found, "Set the clock, for example with NTP: timestamps and sender leases depend on it.");
}
