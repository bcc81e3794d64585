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
  /** The JSON text to send. */
  readonly body: string | Uint8Array | undefined;
  readonly idempotencyKey: string;
  readonly deadline: Deadline;
}

/** Makes one attempt. @throws the network's error. */
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
 * Creates the openapi-fetch client for the writes: it fills in the path and calls `fetch`. Body and headers bypass it in an
 * extra field, because merging headers is most of its cost. It has no middleware: what users add to `client.api` must not
 * change, delay or drop a write.
 */
export async function createWriteClient(routes: string, http: Http, apiKey: string | undefined): Promise<WriteClient> {
  const { default: createClient } = await import("openapi-fetch");
  // openapi-fetch does not read the body of a 204; the real response is in the call.
  const noContent = new Response(null, { status: 204 });
  const client = createClient<WritePaths>({
    baseUrl: routes,
    // It has the parts of a Request that openapi-fetch uses; a real Request costs more than sending it.
    Request: LightRequest as unknown as typeof Request,
    async fetch(request) {
      if (!(request instanceof LightRequest)) throw new TypeError("expected a LightRequest");
      const { url, call } = request;
      const { body, idempotencyKey, deadline } = call.write;
      const headers = requestHeaders(apiKey, body !== undefined, idempotencyKey);
      call.response = await http.send({ url, headers, body }, deadline);
      return noContent;
    },
  });
  return async (write) => {
    const call: Call = { write, response: undefined };
    const params = write.ids === undefined ? {} : { path: write.ids };
    // openapi-fetch passes unknown fields on to the request. It copies this object and sets its method: adding a field to a
    // copy costs more than the rest of its work.
    await client.POST(write.path, { params, call, method: "POST" });
    if (call.response === undefined) throw new TypeError("openapi-fetch has not called fetch");
    return call.response;
  };
}

/** A write and its response. */
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
