import type { Fetch } from "../config.js";
import type { Deadline } from "./deadline.js";
import type { Http } from "./http.js";
import { decodedBody, maxBodyBytes } from "./response.js";

/** Sends requests through a fetch function. */
export function fetchTransport(fetch: Fetch): Http {
  return {
    async send({ method = "POST", url, headers, body }, deadline) {
      const { signal } = deadline;
      const init = { method, headers, redirect: "manual", signal, ...(body === undefined ? {} : { body }) } as const;
      const response = await orPassed(fetch(url, init), deadline);
      const { status } = response;
      const pieces =
        response.body === null ? [] : await orPassed(readUpTo(response.body, maxBodyBytes(status)), deadline);
      // A fetch decompresses the body but keeps the content-encoding header.
      return {
        status,
        header: (name) => response.headers.get(name),
        headers: () => response.headers,
        ...decodedBody(pieces, status, null),
      };
    },
    async close() {},
  };
}

/** Rejects when the deadline passes, even if the fetch ignores its signal. */
function orPassed<Value>(work: Value | Promise<Value>, deadline: Deadline): Promise<Value> {
  return new Promise((resolve, reject) => {
    deadline.onPassed = reject;
    if (deadline.reason !== undefined) reject(deadline.reason);
    Promise.resolve(work).then(resolve, reject);
  });
}

async function readUpTo(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early ends the stream and the transfer.
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > maxBytes) break;
  }
  return pieces;
}
