import { didYouMean } from "../../util/did-you-mean.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";
import { EXPORT_FORMATS, EXPORTED_STREAMS } from "./command.js";

/** A stream that can be exported. */
export type ExportedStream = (typeof EXPORTED_STREAMS)[number];

/** The options of `evsys-sdk export`. */
export interface ExportOptions {
  readonly stream: ExportedStream;
  readonly format: (typeof EXPORT_FORMATS)[number];
  readonly isWide: boolean;
  /** The file to write; undefined for standard output. */
  readonly output: string | undefined;
}

/**
 * Reads the options of `evsys-sdk export`.
 * @throws UsageError for a missing or unknown stream, an unknown format, or --wide on a stream without series.
 */
export function exportOptions(given: ParsedArguments): ExportOptions {
  const stream = oneOf("stream", given.text("stream"), EXPORTED_STREAMS);
  const format = oneOf("format", given.text("format") ?? "csv", EXPORT_FORMATS);
  const isWide = given.has("wide");
  if (isWide && stream !== "metrics" && stream !== "evals") {
    throw new UsageError(`--wide applies to --stream metrics or evals; ${stream} have no series.`);
  }
  const output = given.text("output");
  if (output === "") throw new UsageError("--output requires a file name.");
  return { stream, format, isWide, output };
}

function oneOf<Name extends string>(option: string, value: string | undefined, allowed: readonly Name[]): Name {
  if (value === undefined) throw new UsageError(`--${option} is required: one of ${allowed.join(", ")}.`);
  const found = allowed.find((name) => name === value);
  if (found !== undefined) return found;
  const meant = didYouMean(value, allowed);
  const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
  throw new UsageError(`--${option} must be one of ${allowed.join(", ")}, not ${JSON.stringify(value)}.${hint}`);
}
