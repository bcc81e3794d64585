import type { Socket } from "node:net";
import { isError } from "../util/thrown.js";

const CONTINUE = Buffer.from("HTTP/1.1 100");
const BLANK_LINE = "\r\n\r\n";

/** Errors of connections that had served a request before and broke without a byte of response to the next. */
const stale = new WeakSet<Error>();

/** Whether a request failed because its connection, kept from an earlier request, was gone. */
export function isStaleConnection(error: unknown): boolean {
  return isError(error) && stale.has(error);
}

/** A process stays alive for the calls that somebody awaits, by their timers; a socket must not hold it for the rest. */
export function unhold(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
}

/** What is known of a connection. */
interface Use {
  /** Whether a response, or a part of one, was read from it. */
  hasServed: boolean;
  /** Whether nothing was read yet after the last write. */
  isWaiting: boolean;
}

const uses = new WeakMap<Socket, Use>();

/** Prepares a connection for undici, which knows nothing of stale connections and takes a 100 Continue for an error. */
export function prepare(socket: Socket): void {
  const known = uses.get(socket);
  // A tunnel through a proxy is a new connection on the old socket.
  if (known !== undefined) known.hasServed = false;
  else watch(socket, { hasServed: false, isWaiting: false });
}

function watch(socket: Socket, use: Use): void {
  uses.set(socket, use);
  unhold(socket);
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
 * Where the 100 Continue at the beginning of a piece end. Each becomes a 102, which to undici's parser is what a 100 is to
 * everybody else: the response is still to come.
 */
function endOfContinues(piece: Buffer): number {
  let end = 0;
  // Most responses differ from it in their tenth byte.
  while (piece[end + 9] === CONTINUE[9] && CONTINUE.equals(piece.subarray(end, end + CONTINUE.length))) {
    piece[end + CONTINUE.length - 1] = "2".charCodeAt(0);
    const blankLine = piece.indexOf(BLANK_LINE, end);
    end = blankLine === -1 ? piece.length : blankLine + BLANK_LINE.length;
  }
  return end;
}
