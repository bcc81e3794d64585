import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium } from "playwright-core";
import { afterAll, onTestFinished } from "vitest";

/** Debian's Chromium, or the path in CHROMIUM. */
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Whether a browser is installed. */
export const hasBrowser = existsSync(CHROMIUM);

/** One browser per test file, because starting it takes longer than most tests. */
let browser: Promise<Browser> | undefined;
afterAll(async () => {
  await (await browser)?.close();
});

/** A page that shares nothing with others; `problems` are errors, dialogs and requests that leave this machine. */
export async function newPage(options: BrowserContextOptions = {}) {
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const context = await (await browser).newContext({
    viewport: { width: 1200, height: 900 },
    reducedMotion: "reduce",
    ...options,
  });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      problems.push(message.text());
  });
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (sent) => {
    if (!/^(http:\/\/127\.0\.0\.1:|file:|data:|blob:)/.test(sent.url())) problems.push(`request: ${sent.url()}`);
  });
  return { page, problems };
}
