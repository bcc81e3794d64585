import { readPiece } from "../store/file-piece.js";
import { MetricScanner, type ValueSink } from "../store/metric-scanner.js";
import { Curve } from "./curve.js";

const PIECE_BYTES = 1024 * 1024;
/** A file larger than this is sampled first. */
const SAMPLED_BYTES = 16 * 1024 * 1024;
const SAMPLES = 1_024;
const SAMPLE_BYTES = 8 * 1024;
const MAX_BLOCKS = 16_384;
const MIN_BLOCKS = 64;
/** The maximum number of blocks of a file, shared by its series. */
const ALL_BLOCKS = 250_000;
const NEWLINE = 0x0a;

/** The curves of a file, by split and series. */
export class CurveSet implements ValueSink<Curve> {
  readonly curves = new Map<string, Curve>();
  skippedLines = 0;
  #limit = MAX_BLOCKS;

  target(split: string, name: string): Curve {
    const key = `${split}\n${name}`;
    let curve = this.curves.get(key);
    if (curve === undefined) {
      curve = new Curve(split, name);
      this.curves.set(key, curve);
      this.#limit = Math.max(MIN_BLOCKS, Math.min(MAX_BLOCKS, Math.floor(ALL_BLOCKS / this.curves.size)));
    }
    return curve;
  }

  add(curve: Curve, step: number, value: number, start: number): void {
    curve.add(step, value, start, this.#limit);
  }

  skip(): void {
    this.skippedLines += 1;
  }
}

/** The curves of one metrics segment, read in pieces and updated as the file grows. Read-only, without locks. */
export class SegmentIndex {
  readonly path: string;
  /** The curves of the part that was read. */
  read = new CurveSet();
  /** The sampled curves of a large file; empty for others. */
  sampled = new CurveSet();
  /** The position up to which the file was read, in bytes. */
  position = 0;
  size = 0;
  #scanner = new MetricScanner(this.read);
  #identity = "";
  #pieceBytes = PIECE_BYTES;

  constructor(path: string) {
    this.path = path;
  }

  /** Whether there is more to read, possibly only a torn line. */
  get isBehind(): boolean {
    return this.position < this.size;
  }

  /** Checks the size of the file. A file that was replaced or truncated is read again. */
  refresh(): void {
    const { identity, size } = readPiece(this.path, 0, 0);
    if (identity !== this.#identity || size < this.position) this.#restart(identity);
    if (size > this.size) this.#pieceBytes = PIECE_BYTES;
    const isFirstLook = this.size === 0;
    this.size = size;
    if (isFirstLook && size > SAMPLED_BYTES) this.#sample();
  }

  /** Reads the next piece. @returns whether there is more to read. */
  readOn(): boolean {
    const { bytes } = readPiece(this.path, this.position, this.#pieceBytes);
    const taken = this.#scanner.scan(bytes, this.position);
    this.position += taken;
    if (taken > 0) {
      this.#pieceBytes = PIECE_BYTES;
      return this.isBehind;
    }
    // The row is longer than the piece, or still being written.
    const mayHaveMore = this.position + bytes.length < this.size;
    if (mayHaveMore) this.#pieceBytes *= 2;
    return mayHaveMore;
  }

  /** The curves of a part of the file, in detail. */
  detail(start: number, end: number): CurveSet {
    const set = new CurveSet();
    const scanner = new MetricScanner(set);
    for (let position = start; position < end; ) {
      const { bytes } = readPiece(this.path, position, Math.min(PIECE_BYTES, end - position));
      const taken = scanner.scan(bytes, position);
      if (taken === 0) break;
      position += taken;
    }
    return set;
  }

  #restart(identity: string): void {
    this.#identity = identity;
    this.position = 0;
    this.size = 0;
    this.read = new CurveSet();
    this.sampled = new CurveSet();
    this.#scanner = new MetricScanner(this.read);
  }

  #sample(): void {
    const scanner = new MetricScanner(this.sampled);
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      const start = Math.floor((this.size / SAMPLES) * sample);
      const { bytes } = readPiece(this.path, start, SAMPLE_BYTES);
      const line = sample === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
      scanner.scan(bytes.subarray(line), start + line);
    }
  }
}
