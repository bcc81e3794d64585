import { parseArgs } from "node:util";
import { MEASURES } from "./measures.js";

/** What to measure, how thoroughly, and where to. */
export interface Arguments {
  readonly names: readonly string[];
  /** 1 for the whole, less for less of everything. */
  readonly scale: number;
  /** Where the JSON goes. */
  readonly out: string;
}

const QUICK = 0.2;

/** Reads the command line. Throws where it is wrong, naming what fits. */
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
