import type { Socket } from "node:net";
import { bodyOf, hasValidHead, isCut, type ResponseRecipe } from "./response-recipes.js";
import type { Script } from "./scripted-server.js";

const PIECE_BYTES = 1_000;
/** Sending more as single bytes takes too long. */
const LONGEST_DRIP_BYTES = 600;

/** Sends the response, and breaks the connection where the recipe says so. */
export function scriptFor(recipe: ResponseRecipe): Script {
  const { status, headers, broken, line, cutAt: cut, framing } = recipe;
  const body = bodyOf(recipe);
  const marked = framingOf(recipe, body);
  const all = broken === null ? headers : [...headers, broken];
  const named = [...all.map(([name, value]) => `${name}: ${value}`), ...marked.headers];
  const head = [line.replace("%", String(status)), ...named, "", ""].join("\r\n");
  const whole = Buffer.concat([Buffer.from(head, "latin1"), marked.body]);
  const bytes = isCut(recipe) ? whole.subarray(0, Math.floor(whole.length * (cut ?? 1))) : whole;
  return (socket) => {
    write(socket, bytes, recipe.isSlow, () => {
      if (isCut(recipe)) socket.resetAndDestroy();
      else if (framing !== "length" || status < 200 || !hasValidHead(recipe)) socket.end();
    });
  };
}

function framingOf({ framing }: ResponseRecipe, body: Buffer): { headers: string[]; body: Buffer } {
  switch (framing) {
    case "pieces":
      return { headers: ["Transfer-Encoding: chunked"], body: inPieces(body) };
    case "bad piece":
      return { headers: ["Transfer-Encoding: chunked"], body: Buffer.concat([Buffer.from("zz\r\n"), body]) };
    case "close":
      return { headers: [], body };
    case "too long":
      return { headers: [`Content-Length: ${body.length + 10}`], body };
    case "too short":
      return { headers: [`Content-Length: ${Math.floor(body.length / 2)}`], body };
    default:
      return { headers: [`Content-Length: ${body.length}`], body };
  }
}

function inPieces(body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += PIECE_BYTES) {
    const piece = body.subarray(at, at + PIECE_BYTES);
    pieces.push(Buffer.from(`${piece.length.toString(16)};a=b\r\n`), piece, Buffer.from("\r\n"));
  }
  return Buffer.concat([...pieces, Buffer.from("0\r\n__proto__: x\r\n\r\n")]);
}

function write(socket: Socket, bytes: Buffer, drips: boolean, done: () => void): void {
  if (!drips || bytes.length > LONGEST_DRIP_BYTES) {
    socket.write(bytes, done);
    return;
  }
  const drip = (at: number): void => {
    if (socket.destroyed) return;
    if (at === bytes.length) done();
    else socket.write(bytes.subarray(at, at + 1), () => setImmediate(drip, at + 1));
  };
  drip(0);
}
