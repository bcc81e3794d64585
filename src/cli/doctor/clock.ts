import { counted } from "../terminal/text.js";
import { type Check, ok, skipped, toDo } from "./check.js";
import type { Answered } from "./probe.js";

const MOST_SKEW_S = 60;

/** Whether this machine's clock fits that of the backend, which names its time in full seconds. */
export function clockOf(date: Answered["date"]): Check {
  if (date === undefined) return skipped("clock", "The backend does not tell its time.");
  const skew = Math.round((date.ours - date.theirs) / 1000);
  if (Math.abs(skew) <= MOST_SKEW_S) return ok("clock", "This machine and the backend agree on the time.");
  const found = `This machine's clock is ${counted(Math.abs(skew), "second")} ${skew > 0 ? "ahead of" : "behind"} the backend's.`;
  return toDo("clock", found, "Set the clock, such as by NTP: times of experiments and signs of life rest on it.");
}
