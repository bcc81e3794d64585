import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { codeOf } from "../util/thrown.js";

/** Far more than any response of the SDK's routes. */
const MAX_SUCCESS_BYTES = 16 * 1024 * 1024;
/** More than is useful in an error message. */
const MAX_ERROR_BYTES = 64 * 1024;
const BYTE_ORDER_MARK = "\uFEFF";
const NOTHING = Buffer.alloc(0);

/** A response before it is interpreted. */
export interface RawResponse {
  readonly status: number;
  /** A header by its name in lower case. */
  header(name: string): string | null;
  /** All headers. */
  headers(): Iterable<readonly [name: string, value: string]>;
  /** The body as text, decompressed. */
  readonly text: string;
  /** Why the body cannot be read, such as an unknown encoding; undefined if it can. */
  readonly unreadable?: string | undefined;
}

/** The maximum number of body bytes to read, compressed or not. */
export function maxBodyBytes(status: number): number {
  return status >= 200 && status < 300 ? MAX_SUCCESS_BYTES : MAX_ERROR_BYTES;
}

/** A body, decompressed and cut at {@link maxBodyBytes}. */
export function decodedBody(
  pieces: readonly Uint8Array[],
  status: number,
  encoding: string | null,
): Pick<RawResponse, "text" | "unreadable"> {
  const maxBytes = maxBodyBytes(status);
  const [only = NOTHING] = pieces;
  const isOne = pieces.length <= 1 && Buffer.isBuffer(only);
  const bytes = (isOne ? only : Buffer.concat(pieces)).subarray(0, maxBytes);
  const name = encoding?.trim().toLowerCase() ?? "identity";
  if (name === "identity" || name === "" || bytes.length === 0) return { text: textOf(bytes) };
  try {
    const decompressed = decompress(bytes, name, maxBytes);
    if (decompressed !== undefined) return { text: textOf(decompressed) };
    return { text: "", unreadable: `a body in the encoding "${name.slice(0, 20)}"` };
  } catch (error) {
    const isTooLarge = codeOf(error) === "ERR_BUFFER_TOO_LARGE";
    const what = isTooLarge ? `of more than ${maxBytes} bytes` : "that cannot be decompressed";
    return { text: "", unreadable: `a ${name} body ${what}` };
  }
}

function textOf(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  // The fetch standard drops a byte order mark too.
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

/** Undefined for an unknown encoding. */
function decompress(bytes: Buffer, encoding: string, maxOutputLength: number): Buffer | undefined {
  // A truncated body is decompressed as far as possible.
  const options = { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH };
  switch (encoding) {
    case "gzip":
    case "x-gzip":
      // Some gateways decompress the body but keep the header.
      return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, options) : bytes;
    case "deflate":
      // Some servers send raw deflate data, without the zlib header.
      return ((bytes[0] ?? 0) & 0x0f) === 8 ? inflateSync(bytes, options) : inflateRawSync(bytes, options);
    case "br":
      return brotliDecompressSync(bytes, { maxOutputLength });
    default:
      return undefined;
  }
}
