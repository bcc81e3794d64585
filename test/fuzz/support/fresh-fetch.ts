import { Agent, fetch } from "undici";
import type { Fetch } from "../../../src/index.js";

/** A fetch with its own connections, so that those of an earlier case are not reused. */
export function freshFetch(): { readonly fetch: Fetch; readonly close: () => Promise<void> } {
  const dispatcher = new Agent();
  return {
    async fetch(url, { method = "POST", headers, body, redirect = "follow", signal }) {
      const response = await fetch(url, {
        method,
        headers: Object.fromEntries(new Headers(headers)),
        body: typeof body === "string" ? body : null,
        redirect,
        signal: signal ?? null,
        dispatcher,
      });
      return response as unknown as Response; // undici's own types have other names than Node's.
    },
    close: () => dispatcher.destroy(),
  };
}
