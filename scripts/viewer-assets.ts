/** Bundles the viewer's script and style; `npm run generate` writes them to generated/viewer-assets.ts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./project.js";

const FOLDER = join(ROOT, "src", "viewer", "browser");
const UPLOT = join(ROOT, "node_modules", "uplot");

/** The path of the bundle. */
export const VIEWER_ASSETS = join(ROOT, "generated", "viewer-assets.ts");

/** The text of generated/viewer-assets.ts. */
export async function viewerAssets(): Promise<string> {
  const script = await bundle(join(FOLDER, "app.ts"));
  const style = await bundle(join(FOLDER, "style", "viewer.css"));
  const uplotStyle = readFileSync(join(UPLOT, "dist", "uPlot.min.css"), "utf8");
  const licence = readFileSync(join(UPLOT, "LICENSE"), "utf8").trim();
  return [
    "// Generated from src/viewer/browser by scripts/viewer-assets.ts. Do not edit.",
    "",
    "/** The viewer's script, with uPlot. */",
    `export const SCRIPT = ${literal(`/*! uPlot\n${licence}\n*/\n${script}`)};`,
    "",
    "/** The viewer's style, with uPlot's. */",
    `export const STYLE = ${literal(`${uplotStyle}\n${style}`)};`,
    "",
  ].join("\n");
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
  });
  return outputFiles[0]?.text ?? "";
}

/** A self-contained page embeds both texts: neither may contain the end tag of its element. */
function literal(text: string): string {
  if (/<\/(script|style)/i.test(text)) throw new Error("The bundle contains an end tag.");
  return JSON.stringify(text);
}
