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

/** Any route, with a body that is JSON already. */
interface WritePaths {
  readonly [path: string]: {
    readonly post: {
      readonly parameters: { readonly path?: Readonly<Record<string, string>> };
      readonly requestBody?: { readonly content: { readonly "application/json": string | Uint8Array } };
      readonly responses: { readonly 200: { readonly content: { readonly "application/json": unknown } } };
    };
  };
}

/**
 * The client of the writes. openapi-fetch fills in the path and calls `fetch`; the headers are set there, because
 * merging them is half of what a request costs. It has middleware of nobody: what users add to `client.api` must not
 * change, delay or drop a write.
 */
export async function createWriteClient(routes: string, http: Http, apiKey: string | undefined): Promise<WriteClient> {
  const { default: createClient } = await import("openapi-fetch");
  // With a 204 openapi-fetch looks no further: the response is read from the call.
  const done = new Response(null, { status: 204 });
  const client = createClient<WritePaths>({
    baseUrl: routes,
    // It stands in for the parts of a Request that openapi-fetch uses: a real one costs more than sending it.
    Request: LightRequest as unknown as typeof Request,
    bodySerializer: (body) => body,
    async fetch(request) {
      if (!(request instanceof LightRequest)) throw new TypeError("expected the request of a write");
      const { url, body, call } = request;
      const { idempotencyKey, deadline } = call.write;
      const headers = requestHeaders(apiKey, body !== undefined, idempotencyKey);
      call.response = await http.send({ url, headers, body }, deadline);
      return done;
    },
  });
  return async (write) => {
    const { path, ids, body } = write;
    const call: Call = { write, response: undefined };
    // openapi-fetch hands fields that it does not know on to the request.
    await client.POST(path, {
      params: ids === undefined ? {} : { path: ids },
      ...(body === undefined ? {} : { body }),
      call,
    });
    if (call.response === undefined) throw new TypeError("openapi-fetch has not called fetch");
    return call.response;
  };
}

/** A write and what came of it. */
interface Call {
  readonly write: Write;
  response: RawResponse | undefined;
}

class LightRequest {
  readonly url: string;
  readonly body: string | Uint8Array | undefined;
  readonly call: Call;

  constructor(url: string, init: { readonly body: string | Uint8Array | undefined; readonly call: Call }) {
    this.url = url;
    this.body = init.body;
    this.call = init.call;
  }
}
