import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { hasBrowser, newPage } from "../support/browsers.js";
import { temporaryFolder } from "../support/folders.js";
import { until } from "../support/until.js";
import { metricsLine, viewerOf, writeRun } from "../support/viewers.js";

const START_S = 1_700_000_000;
const ALPHABETS = ["损失", "потери", "خسارة", "हानि", "π🙂", 'quo"ted', "back\\slash", "a/b c", "<img src=x>"];

/** A page with the curves of a run of 100 steps, one every 10 s, whose loss halves and rises in turn. */
async function openCurves() {
  const root = temporaryFolder();
  const append = writeRun(root, "a");
  for (let step = 1; step <= 100; step += 1)
    append(
      "metrics.jsonl",
      metricsLine(step, { loss: step % 2 === 0 ? step : step / 2, _timestamp: START_S + 10 * step }),
    );
  const { url } = await viewerOf(root);
  const { page, problems } = await newPage({ locale: "en-GB", timezoneId: "UTC" });
  await page.goto(`${url}#view=curves&run=0/a`);
  const chart = page.getByRole("article", { name: "Series loss" });
  await chart.locator("canvas").waitFor();
  const plot = chart.getByRole("group", { name: /Curves of loss/ });
  const read = async () => {
    const [at, ...values] = [
      await chart.locator(".at").textContent(),
      ...(await chart.locator(".value").allTextContents()),
    ];
    return { at, values };
  };
  return { page, problems, chart, plot, read, image: () => imageOf(page) };
}

/** What the first chart has drawn. */
async function imageOf(page: Page): Promise<string> {
  return page.evaluate<string>("document.querySelector('article canvas').toDataURL()");
}

/** Notes the texts that are drawn on each canvas since it was last cleared. */
const NOTE_TEXTS = `{
  const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    this.canvas.texts = [];
    return clearRect.apply(this, area);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
    (this.canvas.texts ??= []).push(text);
    return fillText.call(this, text, ...place);
  };
}`;

/** The labels of the axes of each chart. */
function labelsIn(page: Page): Promise<string[][]> {
  return page.evaluate<string[][]>("[...document.querySelectorAll('article canvas')].map(({ texts = [] }) => texts)");
}

describe.skipIf(!hasBrowser)("the viewer's charts in Chromium (skipped without Chromium)", () => {
  it("show the values under the cursor, and the last values without a cursor", async () => {
    const { page, plot, read, problems } = await openCurves();
    expect(await read()).toEqual({ at: "last", values: ["100"] });
    await plot.hover();
    await until(async () => (await read()).at !== "last");
    const { at, values } = await read();
    const step = Number(/^step (\d+)$/.exec(at ?? "")?.[1]);
    expect(step).toBeGreaterThan(20);
    expect(step).toBeLessThan(80);
    expect(values).toEqual([String(step % 2 === 0 ? step : step / 2)]);
    await plot.focus();
    await page.keyboard.press("ArrowRight");
    await until(async () => (await read()).at === `step ${step + 1}`);
    expect(problems).toEqual([]);
  });

  it("have distinct axis labels, also for large close values", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    for (let row = 0; row <= 10; row += 1) {
      const values = { large: 1_700_000_000 + row, close: 1 + row / 1e5, small: 1.2e-4 + row / 1e7, usual: row / 8 };
      append("metrics.jsonl", metricsLine(1_600_000_000 + row, values));
    }
    const { url } = await viewerOf(root);
    const { page, problems } = await newPage({ locale: "en-GB", timezoneId: "UTC" });
    await page.addInitScript(NOTE_TEXTS);
    await page.goto(`${url}#view=curves&run=0/a`);
    await until(async () => (await labelsIn(page)).filter((labels) => labels.length > 4).length === 4);
    for (const labels of await labelsIn(page)) expect(labels).toEqual([...new Set(labels)]);
    expect(problems).toEqual([]);
  });

  it("change with a logarithmic axis or smoothing, and change back without it", async () => {
    const { page, plot, read, image, problems } = await openCurves();
    const before = await image();
    const [logX, logY, smoothing] = ["log x", "log y", "Smoothing"].map((label) => page.getByLabel(label));
    const changes = async (change: () => Promise<void> | undefined) => {
      await change();
      await until(async () => (await image()) !== before);
      expect(await read()).toEqual({ at: "last", values: ["100"] });
    };
    const changesBack = async (change: () => Promise<void> | undefined) => {
      await change();
      await until(async () => (await image()) === before);
    };
    await changes(() => logY?.check());
    await changesBack(() => logY?.uncheck());
    await changes(() => smoothing?.fill("0.5"));
    const slightly = await image();
    await smoothing?.fill("0.99");
    await until(async () => (await image()) !== slightly);
    await changesBack(() => smoothing?.fill("0"));
    await changes(() => logX?.check());
    // There is no place for the steps below 1 that this asks for.
    await page.getByRole("button", { name: "Zoom out" }).click();
    await page.getByRole("button", { name: "Reset zoom" }).waitFor();
    await plot.hover();
    await until(async () => /^step \d+$/.test((await read()).at ?? ""));
    expect(problems).toEqual([]);
  });

  it("show wall-clock time for a run that logs it, also while series are filtered, and zoom in its unit", async () => {
    const { page, plot, read, problems } = await openCurves();
    await page.getByRole("searchbox", { name: "Find series" }).fill("loss");
    await page.getByRole("article", { name: "Series _timestamp" }).waitFor({ state: "detached" });
    await page.getByLabel("Horizontal axis").selectOption("time");
    await page.getByRole("button", { name: "Zoom in" }).click();
    await page.getByRole("button", { name: "Reset zoom" }).waitFor();
    await plot.hover();
    await until(async () => (await read()).at !== "last");
    // The middle of 22:13:30 to 22:30:00.
    expect((await read()).at).toMatch(/^22:(19|2[0-4]):\d0$/);
    await page.getByLabel("Horizontal axis").selectOption("step");
    await page.getByRole("button", { name: "Reset zoom" }).waitFor({ state: "hidden" });
    expect(problems).toEqual([]);
  });

  it("offer no wall-clock axis if no run logs it", async () => {
    const root = temporaryFolder();
    writeRun(root, "a")("metrics.jsonl", metricsLine(1, { loss: 1 }));
    const { url } = await viewerOf(root);
    const { page } = await newPage();
    await page.goto(`${url}#view=curves&run=0/a`);
    await page.getByRole("article", { name: "Series loss" }).waitFor();
    expect(await page.getByLabel("Horizontal axis").isDisabled()).toBe(true);
  });

  it("support names in every alphabet", async () => {
    const root = temporaryFolder();
    writeRun(root, "a")("metrics.jsonl", metricsLine(1, Object.fromEntries(ALPHABETS.map((name, at) => [name, at]))));
    const { url } = await viewerOf(root);
    const { page, problems } = await newPage();
    await page.goto(`${url}#view=curves&run=0/a`);
    const titles = () => page.getByRole("heading", { level: 3 }).allTextContents();
    await until(async () => (await titles()).length === ALPHABETS.length);
    expect(await titles()).toEqual(ALPHABETS);
    expect(problems).toEqual([]);
  });

  // The first look at such a run takes seconds on a busy machine.
  it("can be searched among 100,000", { timeout: 60_000 }, async () => {
    const root = temporaryFolder();
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`series ${at}`, at]));
    writeRun(root, "a")("metrics.jsonl", metricsLine(1, { ...many, _timestamp: START_S }));
    const { url } = await viewerOf(root);
    const { page, problems } = await newPage();
    await page.goto(`${url}#view=curves&run=0/a`);
    await page.getByText(/^Show more of 99,9\d\d other series$/).waitFor();
    expect(await page.getByLabel("Horizontal axis").isEnabled()).toBe(true);
    await page.getByRole("searchbox", { name: "Find series" }).fill("SERIES 77777");
    await page.getByRole("article", { name: "Series series 77777" }).waitFor();
    expect(problems).toEqual([]);
  });
});
