import { type FileHandle, open } from "node:fs/promises";
import { MirrorError } from "../errors.js";
import { isMissing } from "./files.js";
import { decode } from "./lossless-json.js";

const PIECE_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** A line that is no row: where it stands and why. */
export type ReportLine = (message: string) => void;

/**
 * The rows of a file, in order, read in pieces. A line that is no JSON object, as a power cut or a full disk leaves it,
 * is reported and skipped. Where there is no file there are no rows.
 * @throws MirrorError where the file cannot be read.
 */
export async function* readRows(path: string, report: ReportLine): AsyncGenerator<object> {
  let line = 0;
  for await (const bytes of readLines(path)) {
    line += 1;
    if (bytes.length === 0) continue;
    const row = parseRow(bytes.toString("utf8"));
    if (row === undefined) report(`${path}:${line}: skipped a line that is no whole JSON object`);
    else yield row;
  }
}

async function* readLines(path: string): AsyncGenerator<Buffer> {
  const file = await openIfThere(path);
  if (file === undefined) return;
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES);
      if (bytesRead === 0) break;
      const bytes = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        yield bytes.subarray(start, end);
        start = end + 1;
      }
      rest = bytes.subarray(start);
    }
    if (rest.length > 0) yield rest;
  } catch (error) {
    throw new MirrorError("Cannot read the file", path, error);
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new MirrorError("Cannot read the file", path, error);
  }
}

function parseRow(text: string): object | undefined {
  try {
    const row = decode(text);
    return typeof row === "object" && row !== null && !Array.isArray(row) ? row : undefined;
  } catch {
    return undefined;
  }
}
