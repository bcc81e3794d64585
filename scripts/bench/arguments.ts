import { parseArgs } from "node:util";
import { MEASURES } from "./measures.js";

/** The arguments of the bench. */
export interface Arguments {
  readonly names: readonly string[];
  /** 1 for the full size. */
  readonly scale: number;
  /** The path of the JSON file. */
  readonly out: string;
}

const QUICK = 0.2;

/** Reads the command line. Throws for an invalid argument, naming the valid ones. */
export function readArguments(line: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...line],
    options: {
      quick: { type: "boolean", default: false },
      scale: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      out: { type: "string", default: "bench.json" },
    },
  });
  const known = Object.keys(MEASURES);
  const unknown = values.only.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: expected one of ${known.join(", ")}.`);
  const scale = Number(values.scale ?? (values.quick ? QUICK : 1));
  if (!(scale > 0)) throw new Error(`--scale ${values.scale}: expected a number above 0.`);
  return { names: values.only.length > 0 ? values.only : known, scale, out: values.out };
}
