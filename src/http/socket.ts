import type { Socket } from "node:net";
import { isError } from "../thrown.js";

const CONTINUE = Buffer.from("HTTP/1.1 100");

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

/** How much was written to a connection when the last response, or a part of it, was read from it; -1 before any. */
const writtenAtRead = new WeakMap<Socket, number>();

/** Prepares a connection for undici, which knows nothing of stale connections and takes a 100 Continue for an error. */
export function prepare(socket: Socket): void {
  const isPrepared = writtenAtRead.has(socket);
  // A tunnel through a proxy is a new connection on the old socket.
  writtenAtRead.set(socket, -1);
  if (isPrepared) return;
  unhold(socket);
  const read = socket.read.bind(socket);
  socket.read = (size) => {
    const piece: unknown = read(size);
    if (!(piece instanceof Uint8Array)) return piece;
    // A response begins with the first piece that follows a write. To the parser a 102 is what a 100 is to everybody else.
    if (isBetween(socket) && isContinue(piece)) piece[CONTINUE.length - 1] = "2".charCodeAt(0);
    else writtenAtRead.set(socket, socket.bytesWritten);
    return piece;
  };
  socket.prependListener("error", (error) => {
    if (writtenAtRead.get(socket) !== -1 && isBetween(socket)) stale.add(error);
  });
}

/** Whether nothing was read yet after the last write. */
function isBetween(socket: Socket): boolean {
  return writtenAtRead.get(socket) !== socket.bytesWritten;
}

function isContinue(piece: Uint8Array): boolean {
  return piece.length > CONTINUE.length && CONTINUE.equals(piece.subarray(0, CONTINUE.length));
}
