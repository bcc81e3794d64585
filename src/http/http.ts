import type { Deadline } from "./deadline.js";
import type { RawResponse } from "./response.js";

/** An HTTP request. */
export interface HttpRequest {
  /** Default POST. */
  readonly method?: string;
  readonly url: string;
  /** Names are in lower case. */
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
}

/** The transport: sends requests over its own connections. It does not follow redirects. */
export interface Http {
  /** @throws the network's error, or the deadline's reason once it has passed. */
  send(request: HttpRequest, deadline: Deadline): Promise<RawResponse>;
  /** Closes the connections and aborts requests in flight. Never throws. */
  close(): Promise<void>;
}
