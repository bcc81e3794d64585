import type { IncomingMessage } from "node:http";
import { messageOf } from "../util/thrown.js";

/** A request body as received. */
export type ReceivedBody =
  | { readonly kind: "json"; readonly text: string; readonly value: unknown }
  | { readonly kind: "text"; readonly text: string; readonly problem: string }
  | { readonly kind: "too-large" };

/** Reads a body of at most `maxBytes` and discards the rest. Undefined if the caller closed the connection. */
export async function receiveBody(request: IncomingMessage, maxBytes: number): Promise<ReceivedBody | undefined> {
  const bytes = await readBytes(request, maxBytes);
  if (!Buffer.isBuffer(bytes)) return bytes === "gone" ? undefined : { kind: "too-large" };
  const text = bytes.toString("utf8");
  try {
    return { kind: "json", text, value: JSON.parse(text) };
  } catch (error) {
    return { kind: "text", text, problem: messageOf(error) };
  }
}

function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | "too-large" | "gone"> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const overflow = () => {
      request.off("data", take);
      request.resume();
      chunks.length = 0;
      resolve("too-large");
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) overflow();
      else chunks.push(chunk);
    };
    // A closed connection emits an error and then a close; only the first one counts.
    request.on("error", () => resolve("gone"));
    request.on("close", () => resolve("gone"));
    if (Number(request.headers["content-length"]) > maxBytes) {
      overflow();
      return;
    }
    request.on("data", take);
    request.on("end", () => resolve(Buffer.concat(chunks, size)));
  });
}
