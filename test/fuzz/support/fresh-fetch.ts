import { Agent, fetch } from "undici";
import type { Fetch } from "../../../src/index.js";

/** A fetch with connections of its own: those of an earlier case must not serve a later one. */
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
      return response as unknown as Response; // The same class by another name: undici's types are not Node's.
    },
    close: () => dispatcher.destroy(),
  };
}
