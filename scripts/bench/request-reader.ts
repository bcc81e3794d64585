const END_OF_HEAD = Buffer.from("\r\n\r\n");
const END_OF_LINE = Buffer.from("\r\n");

/** A complete request. */
export interface Request {
  readonly path: string;
  readonly head: string;
  readonly body: Buffer;
}

/** Parses requests from the bytes of one connection: a minimal parser, so that it costs less than the measured work. */
export class RequestReader {
  #bytes: Buffer = Buffer.alloc(0);

  /** Adds bytes, and returns the requests that are complete. */
  *take(bytes: Buffer): Generator<Request> {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    for (let request = this.#next(); request !== undefined; request = this.#next()) yield request;
  }

  #next(): Request | undefined {
    const headEnd = this.#bytes.indexOf(END_OF_HEAD);
    if (headEnd === -1) return undefined;
    const head = this.#bytes.toString("latin1", 0, headEnd);
    const bodyStart = headEnd + END_OF_HEAD.length;
    const found = /^transfer-encoding: *chunked/im.test(head)
      ? chunked(this.#bytes, bodyStart)
      : sized(this.#bytes, bodyStart, head);
    if (found === undefined) return undefined;
    this.#bytes = this.#bytes.subarray(found.end);
    const pathStart = head.indexOf(" ") + 1;
    return { path: head.slice(pathStart, head.indexOf(" ", pathStart)), head, body: found.body };
  }
}

interface Found {
  readonly body: Buffer;
  readonly end: number;
}

function sized(bytes: Buffer, start: number, head: string): Found | undefined {
  const end = start + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  return end > bytes.length ? undefined : { body: bytes.subarray(start, end), end };
}

function chunked(bytes: Buffer, start: number): Found | undefined {
  const pieces: Buffer[] = [];
  for (let at = start; ; ) {
    const sizeEnd = bytes.indexOf(END_OF_LINE, at);
    if (sizeEnd === -1) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, sizeEnd), 16);
    const pieceStart = sizeEnd + END_OF_LINE.length;
    at = pieceStart + size + END_OF_LINE.length;
    if (at > bytes.length) return undefined;
    if (size === 0) return { body: Buffer.concat(pieces), end: at };
    pieces.push(bytes.subarray(pieceStart, pieceStart + size));
  }
}
