import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { evsys, offlineMirror } from "../support/cli.js";
import { temporaryFolder } from "../support/folders.js";

describe("evsys-sdk export", () => {
  it("uses constant memory for any number of rows", async () => {
    const { logDir, runId } = await offlineMirror();
    const line = `${JSON.stringify({ step: 1, split: "train", metrics: { loss: 0.123456789, accuracy: 0.5 } })}\n`;
    appendFileSync(join(logDir, "generations", runId, "metrics.jsonl"), line.repeat(300_000));
    const file = join(temporaryFolder(), "out");
    const nodeOptions = ["--max-old-space-size=48"];
    const { code } = await evsys(["export", logDir, "--stream", "metrics", "-o", file], {}, { nodeOptions }).ended;
    expect(code).toBe(0);
    expect(readFileSync(file).length).toBeGreaterThan(50_000_000);
  });
});
