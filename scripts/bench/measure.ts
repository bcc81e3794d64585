/** measure.ts {"name","scale"}: takes one measure and reports its rows. */
import { MEASURES } from "./measures.js";
import { programOptions, sendResult } from "./program.js";

const { name, scale } = programOptions<{ readonly name: string; readonly scale: number }>();
const measure = MEASURES[name];
if (measure === undefined) throw new Error(`There is no measure ${name}.`);
sendResult(await measure(scale));
