import { BASE_URL_HINT } from "../util/api-path.js";
import type { Answered } from "./caller.js";

const NOT_THERE = new Set([404, 405, 501]);
const NOT_READY = new Set([502, 503, 504]);

/** What to do where an answer to a create shows that no backend is there; undefined where one may be. */
export function absenceIn({ status, contentType }: Answered): string | undefined {
  const isElsewhere = NOT_THERE.has(status) || (status >= 300 && status < 400) || contentType === "text/html";
  if (NOT_READY.has(status))
    return `Status ${status}: nothing takes requests there. Wait, or ask who runs the backend.`;
  return isElsewhere ? `Status ${status}: the SDK's routes are not there. ${BASE_URL_HINT}` : undefined;
}
