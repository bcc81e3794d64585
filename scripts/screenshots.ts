/** Renders the images of the README and docs/viewer.md from a mirror: `npm run screenshots -- <dir>`, such as the demo's. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { deliveryOf } from "../src/cli/ui/delivery-state.js";
import { startViewer } from "../src/viewer/server.js";
import { ROOT } from "./project.js";

const [dir, folder = join(ROOT, "docs", "images")] = process.argv.slice(2);
if (dir === undefined) throw new Error("Pass a mirror: npm run screenshots -- <dir>");
mkdirSync(folder, { recursive: true });
const server = await startViewer([dir], 0, deliveryOf);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
try {
  for (const colorScheme of ["light", "dark"] as const) {
    await shoot(browser, colorScheme, "wide", { width: 1280, height: 800 }, ["Runs", "Curves", "Evals", "Predictions"]);
    await shoot(browser, colorScheme, "phone", { width: 390, height: 844 }, ["Runs", "Curves"]);
  }
} finally {
  await browser.close();
  await server.stop();
}

async function shoot(
  browser: Browser,
  colorScheme: "light" | "dark",
  size: string,
  viewport: { readonly width: number; readonly height: number },
  views: readonly string[],
): Promise<void> {
  const context = await browser.newContext({ colorScheme, viewport, deviceScaleFactor: 2, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(server.url);
  const boxes = page.getByRole("checkbox", { name: /^Compare/ });
  await boxes.first().waitFor();
  for (let at = 0; at < Math.min(2, await boxes.count()); at += 1) await boxes.nth(at).check();
  await page.locator("td .badge").nth(1).waitFor();
  for (const view of views) {
    await page.getByRole("link", { name: view, exact: true }).click();
    await page.waitForLoadState("networkidle", { timeout: 2_000 }).catch(() => {});
    if (view === "Curves") await page.locator(".plot canvas").first().waitFor();
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(folder, `viewer-${view.toLowerCase()}-${size}-${colorScheme}.png`) });
  }
  await context.close();
}
