import { parseArgs } from "node:util";
import { EvsysError } from "../../errors.js";
import { nearest } from "../../util/did-you-mean.js";

/** The command line does not fit. */
export class UsageError extends EvsysError {
  override readonly name = "UsageError";
}

/** An option of a command. */
export interface OptionSpec {
  /** What stands for its value in the help; without it the option takes none. */
  readonly argument?: string;
  /** The one-letter name, such as `o` for `-o`. */
  readonly short?: string;
  /** Whether all words up to the next option are its values. */
  readonly takesMany?: true;
  readonly help: string;
}

/** The options of a command by name. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What was said on the command line after the command. */
export class Given {
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

  /** The text that an option was given; undefined where it was not. */
  text(option: string): string | undefined {
    return this.#options.get(option)?.at(-1);
  }

  /** Every text that an option was given, in order, for options that may be repeated. */
  texts(option: string): readonly string[] {
    return this.#options.get(option) ?? [];
  }

  /**
   * The number that an option was given; undefined where it was not.
   * @throws UsageError where it is no number, less than `least` or more than `most`.
   */
  number(option: string, least: number, kind: "whole" | "any", most = Number.POSITIVE_INFINITY): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value > most) throw new UsageError(`--${option} takes a number of ${most} at the most, not ${text}.`);
    if (value >= least && (kind === "any" || Number.isSafeInteger(value))) return value;
    const what = kind === "whole" ? "a whole number" : "a number";
    throw new UsageError(`--${option} takes ${what} of ${least} or more, not ${JSON.stringify(text)}.`);
  }
}

/**
 * Takes a command's part of the command line apart.
 * @throws UsageError where it does not fit.
 */
export function parseArguments(argv: readonly string[], specs: OptionSpecs): Given {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { argument, short }]) => {
      const type = argument === undefined ? "boolean" : "string";
      return [name, short === undefined ? ({ type } as const) : ({ type, short } as const)];
    }),
  );
  // Not strict: its own messages are several sentences, and know of no near name.
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
      throw unknown(
        "option",
        token.rawName,
        Object.keys(specs).map((name) => `--${name}`),
      );
    if (spec.argument === undefined && token.value !== undefined) {
      throw new UsageError(`${token.rawName} takes no value, not ${JSON.stringify(token.value)}.`);
    }
    if (spec.argument !== undefined && token.value === undefined) {
      throw new UsageError(`${token.rawName} takes a value: ${token.rawName} ${spec.argument}.`);
    }
    const values = [...(given.get(token.name) ?? []), token.value ?? ""];
    given.set(token.name, values);
    words = spec.takesMany === true ? values : dirs;
  }
  return new Given(dirs, given);
}

/** The error for a name that is not known, with the one that may have been meant. */
export function unknown(what: "option" | "command" | "shell", given: string, known: readonly string[]): UsageError {
  const near = nearest(given, known);
  const hint = near === undefined ? `there are ${known.join(", ")}` : `did you mean ${near}?`;
  return new UsageError(`Unknown ${what} ${given}; ${hint}${near === undefined ? "." : ""}`);
}
