import { BASE_URL_HINT } from "../util/api-path.js";
import type { ReceivedResponse } from "./caller.js";

const NOT_THERE = new Set([404, 405, 501]);
const NOT_READY = new Set([502, 503, 504]);

/** A hint if the response to a create shows that there is no backend at the address; undefined otherwise. */
export function absentHintOf({ status, contentType }: ReceivedResponse): string | undefined {
  const isElsewhere = NOT_THERE.has(status) || (status >= 300 && status < 400) || contentType === "text/html";
  if (NOT_READY.has(status))
    return `Status ${status}: the backend is not available there. Try later, or ask its operators.`;
  return isElsewhere ? `Status ${status}: the SDK's routes are not at this address. ${BASE_URL_HINT}` : undefined;
}
