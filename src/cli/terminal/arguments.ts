import { parseArgs } from "node:util";
import { EvsysError } from "../../errors.js";
import { didYouMean } from "../../util/did-you-mean.js";

/** The command line is invalid. */
export class UsageError extends EvsysError {
  override readonly name = "UsageError";
}

/** An option of a command. */
export interface OptionSpec {
  /** The name of its value in the help; without it, the option is a flag. */
  readonly argument?: string;
  /** The one-letter name, such as `o` for `-o`. */
  readonly short?: string;
  /** Whether all words up to the next option are its values. */
  readonly takesMany?: true;
  readonly help: string;
}

/** The options of a command by name. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The parsed arguments of a command. */
export class ParsedArguments {
  readonly dirs: readonly string[];
  readonly #options: ReadonlyMap<string, readonly string[]>;

  constructor(dirs: readonly string[], options: ReadonlyMap<string, readonly string[]>) {
    this.dirs = dirs;
    this.#options = options;
  }

  /** Whether an option was given. */
  has(option: string): boolean {
    return this.#options.has(option);
  }

  /** The last value of an option; undefined if it was not given. */
  text(option: string): string | undefined {
    return this.#options.get(option)?.at(-1);
  }

  /** All values of a repeatable option, in order. */
  texts(option: string): readonly string[] {
    return this.#options.get(option) ?? [];
  }

  /**
   * The numeric value of an option; undefined if it was not given.
   * @throws UsageError if it is not a number between `min` and `max`.
   */
  number(option: string, min: number, kind: "integer" | "any", max = Number.POSITIVE_INFINITY): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value > max) throw new UsageError(`--${option} must be at most ${max}, not ${text}.`);
    if (value >= min && (kind === "any" || Number.isSafeInteger(value))) return value;
    const what = kind === "integer" ? "an integer" : "a number";
    throw new UsageError(`--${option} must be ${what} of at least ${min}, not ${JSON.stringify(text)}.`);
  }
}

/**
 * Parses the arguments of a command.
 * @throws UsageError for unknown options and missing or unexpected values.
 */
export function parseArguments(argv: readonly string[], specs: OptionSpecs): ParsedArguments {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { argument, short }]) => {
      const type = argument === undefined ? "boolean" : "string";
      return [name, short === undefined ? ({ type } as const) : ({ type, short } as const)];
    }),
  );
  // Not strict, because parseArgs' own messages are long and suggest no similar names.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const given = new Map<string, string[]>();
  const dirs: string[] = [];
  let words = dirs;
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind === "option-terminator") words = dirs;
    if (token.kind !== "option") continue;
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
    if (spec === undefined)
      throw unknownName(
        "option",
        token.rawName,
        Object.keys(specs).map((name) => `--${name}`),
      );
    if (spec.argument === undefined && token.value !== undefined) {
      throw new UsageError(`${token.rawName} accepts no value, got ${JSON.stringify(token.value)}.`);
    }
    if (spec.argument !== undefined && token.value === undefined) {
      throw new UsageError(`${token.rawName} requires a value: ${token.rawName} ${spec.argument}.`);
    }
    const values = [...(given.get(token.name) ?? []), token.value ?? ""];
    given.set(token.name, values);
    words = spec.takesMany === true ? values : dirs;
  }
  return new ParsedArguments(dirs, given);
}

/** The error for an unknown name, with the closest known one. */
export function unknownName(what: "option" | "command" | "shell", given: string, known: readonly string[]): UsageError {
  const meant = didYouMean(given, known);
  const hint = meant === undefined ? `known: ${known.join(", ")}` : `did you mean ${meant}?`;
  return new UsageError(`Unknown ${what} ${given}; ${hint}${meant === undefined ? "." : ""}`);
}
