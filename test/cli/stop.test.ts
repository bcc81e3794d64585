import { describe, expect, it } from "vitest";
import type { Child } from "../support/children.js";
import { connection, evsys, jsonOf, offlineMirror } from "../support/cli.js";
import { mockServer } from "../support/clients.js";
import { until } from "../support/until.js";

const STEPS = 500;
const BEFORE_STOP = 100;

/** Calls back while the server holds its n-th request of a path, before it is worked on. */
function atRequest(
  server: Awaited<ReturnType<typeof mockServer>>,
  path: string,
  nth: number,
  callBack: () => void,
): void {
  let seen = 0;
  server.failNext({
    status: 500,
    times: Number.POSITIVE_INFINITY,
    match(request) {
      if (request.path.includes(path)) {
        seen += 1;
        if (seen === nth) callBack();
      }
      return false;
    },
  });
}

/** What a child says on stderr, from when it has said something. */
function said(child: Child, words: string): Promise<void> {
  let text = "";
  return new Promise((resolve) => {
    child.process.stderr.on("data", (piece: string) => {
      text += piece;
      if (text.includes(words)) resolve();
    });
  });
}

function stepsOf(rows: readonly { readonly step: number }[]): number[] {
  return rows.map(({ step }) => step).sort((a, b) => a - b);
}

describe("a sync that is stopped", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "by %s keeps its acknowledgements; the next sync sends the rest exactly once",
    async (signal) => {
      // A backend that forgets keys: whatever is sent twice is there twice.
      const server = await mockServer({ honourIdempotencyKeys: false });
      const { logDir, writes } = await offlineMirror(STEPS);
      const child = evsys(["sync", logDir, "--json"], connection(server));
      atRequest(server, "/metrics/", BEFORE_STOP, () => child.process.kill(signal));
      const stopped = await child.ended;
      expect(stopped).toMatchObject({ code: 3, signal: null });
      expect(stopped.stderr).toBe("Stopping after the requests in flight. Press Ctrl-C again to stop immediately.\n");

      const { length } = server.metrics;
      expect(length).toBeGreaterThanOrEqual(BEFORE_STOP);
      expect(length).toBeLessThan(STEPS);
      const delivered = 1 + 1 + server.checkpoints.length + server.evals.length + length + server.predictions.length;
      expect(jsonOf(stopped.stdout)).toMatchObject({
        delivered,
        pending: writes - delivered,
        byKind: { metrics: { delivered: length, pending: STEPS - length } },
      });

      const status = await evsys(["status", logDir, "--json"]).ended;
      expect(jsonOf(status.stdout)).toMatchObject({ total: { delivered, pending: writes - delivered } });
      expect(await evsys(["sync", logDir], connection(server)).ended).toMatchObject({ code: 0, stderr: "" });
      expect(stepsOf(server.metrics)).toEqual(Array.from({ length: STEPS }, (_, step) => step));
      expect(server.predictions).toHaveLength(1);
      expect(server.runs).toMatchObject([{ status: "completed" }]);
    },
  );

  it("reports that it was stopped, and how to continue", async () => {
    const server = await mockServer();
    const { logDir } = await offlineMirror(STEPS);
    const child = evsys(["sync", logDir], connection(server));
    atRequest(server, "/metrics/", 1, () => child.process.kill("SIGINT"));
    const { code, stdout } = await child.ended;
    expect(code).toBe(3);
    expect(stdout).toMatch(/^Stopped\.\nDelivered \d+ /);
    expect(stdout).toContain(`  Continue with: npx evsys-sdk sync ${logDir}\n`);
  });

  it("exits at once at a second signal, even if the backend never responds", async () => {
    const server = await mockServer();
    const { logDir } = await offlineMirror();
    server.failNext({ hang: true, times: Number.POSITIVE_INFINITY });
    const child = evsys(["sync", logDir], connection(server));
    const hasHeard = said(child, "Press Ctrl-C again");
    await until(() => server.requests.length > 0);
    child.process.kill("SIGINT");
    await hasHeard;
    child.process.kill("SIGINT");
    expect(await child.ended).toMatchObject({ code: 3, signal: null, stdout: "" });

    // Its locks are a dead process's: the next sync takes them over.
    const { code } = await evsys(["sync", logDir, "--dry-run"]).ended;
    expect(code).toBe(3);
  });
});
