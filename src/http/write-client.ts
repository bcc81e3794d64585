import type { Deadline } from "./deadline.js";
import { requestHeaders } from "./headers.js";
import type { Http } from "./http.js";
import type { RawResponse } from "./response.js";

/** One attempt at one write. */
export interface Write {
  /** The route, such as `/sdk/runs/{run_id}/`. */
  readonly path: string;
  /** The ids in it. */
  readonly ids: Readonly<Record<string, string>> | undefined;
  /** JSON, as it goes over the wire. */
  readonly body: string | Uint8Array | undefined;
  readonly idempotencyKey: string;
  readonly deadline: Deadline;
}

/** Makes an attempt. @throws what the network does. */
export type WriteClient = (write: Write) => Promise<RawResponse>;

/** Any route. */
interface WritePaths {
  readonly [path: string]: {
    readonly post: {
      readonly parameters: { readonly path?: Readonly<Record<string, string>> };
      readonly responses: { readonly 204: Record<never, never> };
    };
  };
}

/**
 * The client of the writes: openapi-fetch fills in the path and calls `fetch`. The body and the headers go past it, in a
 * field that it hands on, because merging headers is most of what it costs. No middleware sees a write: what users add to
 * `client.api` must not change, delay or drop one.
 */
export async function createWriteClient(routes: string, http: Http, apiKey: string | undefined): Promise<WriteClient> {
  const { default: createClient } = await import("openapi-fetch");
  const client = createClient<WritePaths>({
    baseUrl: routes,
    // It stands in for the parts of a Request that openapi-fetch uses: a real one costs more than sending it.
    Request: LightRequest as unknown as typeof Request,
    async fetch(request) {
      if (!(request instanceof LightRequest)) throw new TypeError("expected the request of a write");
      const { url, call } = request;
      const { body, idempotencyKey, deadline } = call.write;
      const headers = requestHeaders(apiKey, body !== undefined, idempotencyKey);
      call.response = await http.send({ url, headers, body }, deadline);
      return NO_CONTENT;
    },
  });
  return async (write) => {
    const call: Call = { write, response: undefined };
    // openapi-fetch hands fields that it does not know on to the request.
    await client.POST(write.path, { params: write.ids === undefined ? {} : { path: write.ids }, call });
    if (call.response === undefined) throw new TypeError("openapi-fetch has not called fetch");
    return call.response;
  };
}

/** With a 204 openapi-fetch looks no further: the response is read from the call. */
const NO_CONTENT = new Response(null, { status: 204 });

/** A write and what came of it. */
interface Call {
  readonly write: Write;
  response: RawResponse | undefined;
}

class LightRequest {
  readonly method = "POST";
  readonly url: string;
  readonly call: Call;

  constructor(url: string, init: { readonly call: Call }) {
    this.url = url;
    this.call = init.call;
  }
}
