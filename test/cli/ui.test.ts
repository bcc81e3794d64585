import { readFileSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { VIEWER_ASSETS, viewerAssets } from "../../scripts/viewer-assets.js";
import { evsys, offlineMirror } from "../support/cli.js";
import { command } from "../support/command.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";
import { until } from "../support/until.js";
import { viewerOf, writeRun } from "../support/viewers.js";

const EVIL = `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'&\u2028`;

/** Sends a request with headers that fetch does not let a caller set. */
function requested(port: number, path: string, method = "GET", headers: Readonly<Record<string, string>> = {}) {
  return new Promise<{ status: number | undefined; headers: Readonly<Record<string, unknown>>; body: string }>(
    (resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
      });
      sent.on("error", reject).end();
    },
  );
}

/** Runs `evsys-sdk ui` until it listens. */
async function started(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const child = evsys(["ui", ...args], variables);
  let stderr = "";
  child.process.stderr.on("data", (text: string) => {
    stderr += text;
  });
  await until(() => child.stdout().includes("Ctrl-C") || child.process.exitCode !== null);
  const port = Number(/:(\d+)\//.exec(child.stdout())?.[1]);
  return { ...child, port, stderr: () => stderr };
}

describe("evsys-sdk ui", () => {
  it("serves the viewer until a signal stops it, and does not change the mirror", async () => {
    const { logDir, runId } = await offlineMirror();
    const stamps = () => pathsBelow(logDir).map((path) => `${path} ${statSync(join(logDir, path)).mtimeMs}`);
    const before = stamps();
    const { process: child, port, ended } = await started([logDir, "--port", "0"]);
    expect(await requested(port, "/")).toMatchObject({ status: 200, body: expect.stringContaining("/viewer.js") });
    for (const path of [
      "runs",
      "run",
      "delivery",
      "series",
      "curve",
      "evals",
      "checkpoints",
      "predictions",
      "versions",
    ]) {
      expect((await requested(port, `/api/${path}?run=0%2F${runId}&series=loss`)).status).toBe(200);
    }
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
    expect(stamps()).toEqual(before);
  });

  it("uses the next free port if one is in use, and says so", async () => {
    const { logDir } = await offlineMirror();
    const { port: taken, stop } = await viewerOf(logDir);
    onTestFinished(stop);
    const { port, stderr, process: child } = await started([logDir, "--port", String(taken)]);
    expect(port).toBeGreaterThan(taken);
    expect(stderr()).toContain(`Port ${taken} is in use; listening on ${port}.`);
    child.kill("SIGINT");
  });

  it("prints the address if there is no browser to open", async () => {
    const { logDir } = await offlineMirror();
    const { port, stderr } = await started([logDir, "--port", "0", "--open"], { PATH: temporaryFolder() });
    await until(() => stderr() !== "");
    expect(stderr()).toContain(`No browser could be opened. Open http://127.0.0.1:${port}/ manually`);
  });

  it("keeps serving without a reader of its output, and exits with its terminal", async () => {
    const { logDir } = await offlineMirror();
    const { process: child, port, ended } = await started([logDir, "--port", "0"]);
    child.stdout.destroy();
    child.stderr.destroy();
    expect((await requested(port, "/api/runs")).status).toBe(200);
    child.kill("SIGHUP");
    expect((await ended).code).toBe(0);
  });

  it.each([
    [["--port", "70000"], "--port must be at most 65535, not 70000."],
    [["--html", ""], "--html requires a file name."],
    [["--run", "a"], "--run applies to --html only."],
    [["--html", "/nowhere/at/all.html"], "Cannot write the file (/nowhere/at/all.html)"],
    [["--html", "out.html", "--run", "unknown"], '--run "unknown": no run has this id'],
  ])("rejects %j", async (args, message) => {
    const { logDir } = await offlineMirror();
    const { code, stderr } = await command(["ui", logDir, ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it("rejects a folder that is not a mirror", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a"), "");
    const { code, stderr } = await command(["ui", folder]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("is not a mirror") });
  });
});

describe("the viewer's server", () => {
  it("accepts only local connections with GET and HEAD", async () => {
    const { logDir } = await offlineMirror();
    const { port } = await viewerOf(logDir);
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      expect(await requested(port, "/api/runs", method)).toMatchObject({
        status: 405,
        headers: { allow: "GET, HEAD" },
      });
    }
    expect(await requested(port, "/", "HEAD")).toMatchObject({ status: 200, body: "" });
    expect((await requested(port, "/nothing")).status).toBe(404);
    expect((await requested(port, "/api/nothing")).status).toBe(404);
  });

  it("rejects other host names and requests from other sites", async () => {
    const { logDir } = await offlineMirror();
    const { port } = await viewerOf(logDir);
    const status = async (headers: Readonly<Record<string, string>>) =>
      (await requested(port, "/api/runs", "GET", headers)).status;
    expect(await status({ host: `localhost:${port}` })).toBe(200);
    expect(await status({ host: `127.0.0.1:${port}` })).toBe(200);
    for (const host of [
      "evil.example",
      `evil.example:${port}`,
      "127.0.0.1",
      `127.0.0.1:${port + 1}`,
      `localhost.evil:${port}`,
    ]) {
      expect(await status({ host })).toBe(403);
    }
    expect(
      await status({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script" }),
    ).toBe(403);
    expect(await status({ "sec-fetch-site": "same-origin" })).toBe(200);
  });

  it("sends a content security policy that allows only what its page needs", async () => {
    const { logDir } = await offlineMirror();
    const { port } = await viewerOf(logDir);
    const { headers, body } = await requested(port, "/");
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(body).not.toMatch(/<script>|<style>|https?:/);
  });
});

describe("evsys-sdk ui --html", () => {
  it("writes one file in which no text of the mirror is HTML", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a", { run_config: { name: EVIL }, status: EVIL });
    append("metrics.jsonl", `${JSON.stringify({ step: 1, split: "train", metrics: { [EVIL]: 1 } })}\n`);
    append("predictions.jsonl", `${JSON.stringify({ kind: "eval", instruction: EVIL, model_output: EVIL })}\n`);
    const file = join(temporaryFolder(), "runs.html");
    const { code, stdout } = await command(["ui", root, "--html", file]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Wrote ${file}.\n` });
    const html = readFileSync(file, "utf8");
    expect(html).not.toContain("alert(1)</script>");
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html).toContain("\\u003c/script\\u003e\\u003cscript\\u003ealert(1)");
    const [, json = ""] = /id="snapshot">(.*?)<\/script>/s.exec(html) ?? [];
    expect(JSON.parse(json).responses.runs.runs).toMatchObject([{ name: EVIL, status: EVIL }]);
  });

  it("includes only the selected runs, and says what it leaves out", async () => {
    const root = temporaryFolder();
    const [append] = [writeRun(root, "a"), writeRun(root, "b")];
    for (let at = 0; at < 60; at += 1)
      append("predictions.jsonl", `{"kind":"eval","instruction":"${at}","model_output":""}\n`);
    const file = join(temporaryFolder(), "runs.html");
    const { code, stderr } = await command(["ui", root, "--html", file, "--run", "a"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "This file leaves out: all but the first predictions of a run.\n",
    });
    const html = readFileSync(file, "utf8");
    expect(html).toContain('"key":"0/a"');
    expect(html).not.toContain('"key":"0/b"');
  });
});

it("the bundled viewer assets match their sources", async () => {
  expect(readFileSync(VIEWER_ASSETS, "utf8")).toBe(await viewerAssets());
});
