import { renameSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { hasBrowser, newPage } from "../support/browsers.js";
import { evsys } from "../support/cli.js";
import { temporaryFolder } from "../support/folders.js";
import { metricsLine, viewerOf, writeRun } from "../support/viewers.js";

const EVIL = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
const VIEWS = ["Runs", "Curves", "Evals", "Checkpoints", "Predictions", "Configuration"];

/** A mirror of two runs with rows of every stream. */
function mirrorOfTwo() {
  const root = temporaryFolder();
  const [a, b] = ["a", "b"].map((id, at) => {
    const append = writeRun(root, id, {
      seed: at,
      run_config: { name: `run ${id}`, model: { lr: 0.1 * (at + 1) }, same: 1 },
    });
    for (let step = 1; step <= 50; step += 1) append("metrics.jsonl", metricsLine(step, { loss: 10 / step + at }));
    append("metrics.jsonl", metricsLine(50, { loss: 3 + at }, "val"));
    append(
      "evals.jsonl",
      `{"id":"e${id}","step":50,"metrics":{"accuracy":0.${at + 7}},"breakdowns":{"easy":{"accuracy":0.9},"hard":{"accuracy":0.4}}}\n`,
    );
    append("checkpoints.jsonl", `{"id":"c${id}","uri":"s3://bucket/${id}","step":50,"is_final":true}\n`);
    for (let row = 0; row < 70; row += 1) {
      append(
        "predictions.jsonl",
        `{"kind":"eval","instruction":"question ${row}","expected":"yes","model_output":"no ${id}"}\n`,
      );
    }
    return append;
  });
  return { root, a, b };
}

async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole("link", { name, exact: true }).click();
}

describe.skipIf(!hasBrowser)("the viewer in Chromium (skipped without Chromium)", () => {
  it("compares two runs in every view", async () => {
    const { root } = mirrorOfTwo();
    const { url } = await viewerOf(root);
    const { page, problems } = await newPage();
    await page.goto(url);
    await page.getByRole("checkbox", { name: "Compare run a" }).check();
    await page.getByRole("checkbox", { name: "Compare run b" }).check();
    await page.getByRole("button", { name: "Compare 2 runs" }).click();
    const chart = page.getByRole("article", { name: "Series loss" });
    await chart.locator("canvas").waitFor();
    expect(await chart.locator(".legend li:not(.at)").allTextContents()).toEqual([
      "run a · train0.2",
      "run a · val3",
      "run b · train1.2",
      "run b · val4",
    ]);
    await openTab(page, "Evals");
    await page.getByRole("button", { name: "Details" }).first().click();
    await page.getByRole("row", { name: "easy 0.9", exact: true }).waitFor();
    // No eval names a benchmark.
    const headings = page.locator("thead").first().getByRole("columnheader");
    expect(await headings.allTextContents()).toEqual(["Details", "Run", "Step", "accuracy"]);
    await openTab(page, "Checkpoints");
    await page.getByText("s3://bucket/b").waitFor();
    await openTab(page, "Predictions");
    await page.getByText("question 49", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Next page" }).click();
    await page.getByText("question 69", { exact: true }).waitFor();
    await page.getByRole("searchbox", { name: "Search predictions" }).fill("question 7");
    await page.getByText("1 prediction", { exact: true }).waitFor();
    await openTab(page, "Configuration");
    await page.getByRole("row", { name: "run_config.model.lr≠ differs 0.1 0.2" }).waitFor();
    await page.getByRole("checkbox", { name: "Differences only" }).check();
    await page.getByRole("row", { name: /run_config\.same/ }).waitFor({ state: "detached" });
    expect(problems).toEqual([]);
  });

  it("sorts and filters runs", async () => {
    const { root } = mirrorOfTwo();
    const { url } = await viewerOf(root);
    const { page } = await newPage();
    await page.goto(url);
    const names = () => page.locator("tbody .title").allTextContents();
    await page.getByRole("button", { name: "Seed" }).click();
    await page.locator('th[aria-sort="descending"]').waitFor();
    expect(await names()).toEqual(["run b", "run a"]);
    await page.getByRole("button", { name: "Seed" }).click();
    await page.locator('th[aria-sort="ascending"]').waitFor();
    expect(await names()).toEqual(["run a", "run b"]);
    await page.getByRole("searchbox", { name: "Filter runs" }).fill("RUN b");
    await page.getByText("1 of 2 runs").waitFor();
    expect(await names()).toEqual(["run b"]);
  });

  it("shows new rows of a run automatically, and a message when the mirror is gone", async () => {
    const { root, a } = mirrorOfTwo();
    const { url } = await viewerOf(root);
    const { page } = await newPage();
    await page.goto(`${url}#view=curves&run=0/a`);
    const values = page.getByRole("article", { name: "Series loss" }).locator(".value");
    await values.filter({ hasText: "0.2" }).waitFor();
    a?.("metrics.jsonl", metricsLine(51, { loss: 77 }));
    await values.filter({ hasText: "77" }).waitFor();
    a?.("metrics.jsonl", metricsLine(52, { "new series": 5 }));
    await page.getByRole("article", { name: "Series new series" }).waitFor();
    renameSync(root, `${root}.moved`);
    await page.getByRole("alert").filter({ hasText: "no longer exists" }).waitFor();
    renameSync(`${root}.moved`, root);
    await page.getByRole("alert").waitFor({ state: "hidden" });
  });

  it("executes nothing that a mirror contains", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a", {
      status: EVIL,
      tags: [EVIL],
      run_config: { name: EVIL, [EVIL]: EVIL, tags: [EVIL] },
    });
    append("metrics.jsonl", metricsLine(1, { [EVIL]: 1 }) + metricsLine(2, { [EVIL]: 2 }, EVIL));
    append(
      "evals.jsonl",
      `${JSON.stringify({ id: EVIL, benchmark_id: EVIL, metrics: { [EVIL]: 1 }, breakdowns: { [EVIL]: { [EVIL]: 1 } } })}\n`,
    );
    append(
      "checkpoints.jsonl",
      `${JSON.stringify({ id: EVIL, uri: "javascript:alert(3)", label: EVIL, is_final: false })}\n`,
    );
    append(
      "predictions.jsonl",
      `${JSON.stringify({ kind: EVIL, instruction: EVIL, expected: EVIL, model_output: EVIL, metadata: { [EVIL]: EVIL } })}\n`,
    );
    const { url } = await viewerOf(root);
    const { page, problems } = await newPage();
    await page.goto(url);
    await page.getByRole("checkbox").first().check();
    for (const view of VIEWS) {
      await openTab(page, view);
      await page.locator("main").getByText(EVIL).first().waitFor({ state: "attached" });
      expect(await page.locator("main img, main script, main a").count()).toBe(0);
    }
    expect(problems).toEqual([]);
  });

  it("can be used with the keyboard alone", async () => {
    const { root } = mirrorOfTwo();
    const { url } = await viewerOf(root);
    const { page } = await newPage();
    await page.goto(url);
    await page.getByRole("checkbox").first().waitFor();
    const tabTo = async (role: "checkbox" | "button" | "group", name: RegExp) => {
      for (let presses = 0; presses < 80; presses += 1) {
        await page.keyboard.press("Tab");
        if (await page.getByRole(role, { name }).and(page.locator(":focus")).count()) return;
      }
      throw new Error(`Tab does not reach ${name}`);
    };
    await tabTo("checkbox", /Compare run/);
    await page.keyboard.press("Space");
    await page.keyboard.press("Shift+Tab");
    await page.getByRole("button", { name: "Show curves" }).focus();
    await page.keyboard.press("Enter");
    await page.locator(".plot canvas").first().waitFor();
    await tabTo("button", /Zoom in/);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Reset zoom" }).waitFor();
    await tabTo("group", /Curves of loss/);
    await page.keyboard.press("ArrowLeft");
    await page.locator(".legend .at").filter({ hasText: "step" }).first().waitFor();
  });

  it.each(["light", "dark"] as const)("fits a phone in the %s colour scheme", async (colorScheme) => {
    const { root } = mirrorOfTwo();
    const { url } = await viewerOf(root);
    const { page } = await newPage({ colorScheme, viewport: { width: 360, height: 740 } });
    await page.goto(url);
    for (const box of await page.getByRole("checkbox").all()) await box.check();
    for (const view of VIEWS) {
      await openTab(page, view);
      await page.locator("main section").waitFor();
      expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    }
    const [red = 0] =
      (await page.evaluate<string>("getComputedStyle(document.body).backgroundColor")).match(/\d+/g)?.map(Number) ?? [];
    expect(red < 128).toBe(colorScheme === "dark");
  });

  it("shows a self-contained file without a server", async () => {
    const { root } = mirrorOfTwo();
    const file = join(temporaryFolder(), "runs.html");
    expect((await evsys(["ui", root, "--html", file]).ended).code).toBe(0);
    const { page, problems } = await newPage();
    await page.goto(`${pathToFileURL(file)}#view=curves&run=0/a&run=0/b`);
    await page.getByRole("article", { name: "Series loss" }).locator(".value").filter({ hasText: "1.2" }).waitFor();
    for (const view of VIEWS) {
      await openTab(page, view);
      await page
        .locator("main")
        .getByText(view === "Curves" ? "loss" : "run b")
        .first()
        .waitFor({ state: "attached" });
    }
    expect(problems).toEqual([]);
  });
});
