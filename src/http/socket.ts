import type { Socket } from "node:net";
import { isError } from "../util/thrown.js";

const CONTINUE = Buffer.from("HTTP/1.1 100");
const BLANK_LINE = "\r\n\r\n";

/** Errors of connections that had served a request and then broke before the first byte of the next response. */
const stale = new WeakSet<Error>();

/** Whether a request failed because the server had closed its kept-alive connection. */
export function isStaleConnection(error: unknown): boolean {
  return isError(error) && stale.has(error);
}

/** Lets the process exit despite an open socket. Awaited calls keep it alive with their timers. */
export function unrefSocket(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
}

/** The state of a connection. */
interface Use {
  /** Whether any part of a response was read from it. */
  hasServed: boolean;
  /** Whether nothing has been read since the last write. */
  isWaiting: boolean;
}

const uses = new WeakMap<Socket, Use>();

/** Prepares a connection for undici, which does not detect stale connections and treats a 100 Continue as an error. */
export function prepareSocket(socket: Socket): void {
  const known = uses.get(socket);
  // A tunnel through a proxy is a new connection on the old socket.
  if (known !== undefined) known.hasServed = false;
  else watch(socket, { hasServed: false, isWaiting: false });
}

function watch(socket: Socket, use: Use): void {
  uses.set(socket, use);
  unrefSocket(socket);
  const { write } = socket;
  socket.write = (...given: unknown[]) => {
    use.isWaiting = true;
    return Reflect.apply(write, socket, given);
  };
  const read = socket.read.bind(socket);
  socket.read = (size) => {
    const piece: unknown = read(size);
    if (!use.isWaiting || !Buffer.isBuffer(piece) || endOfContinues(piece) === piece.length) return piece;
    use.isWaiting = false;
    use.hasServed = true;
    return piece;
  };
  socket.prependListener("error", (error) => {
    if (use.hasServed && use.isWaiting) stale.add(error);
  });
}

/**
 * Returns the end of the 100 Continue responses at the start of a chunk. Each is changed to a 102, which undici's parser
 * skips.
 */
function endOfContinues(piece: Buffer): number {
  let end = 0;
  // Most responses already differ in their tenth byte.
  while (piece[end + 9] === CONTINUE[9] && CONTINUE.equals(piece.subarray(end, end + CONTINUE.length))) {
    piece[end + CONTINUE.length - 1] = "2".charCodeAt(0);
    const blankLine = piece.indexOf(BLANK_LINE, end);
    end = blankLine === -1 ? piece.length : blankLine + BLANK_LINE.length;
  }
  return end;
}
