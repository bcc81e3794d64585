/** measure.ts {"name","scale"}: takes one measure and tells its rows. */
import { MEASURES } from "./measures.js";
import { optionsOf, tell } from "./program.js";

const { name, scale } = optionsOf<{ readonly name: string; readonly scale: number }>();
const measure = MEASURES[name];
if (measure === undefined) throw new Error(`There is no measure ${name}.`);
tell(await measure(scale));
