import { describe, expect, it } from "vitest";
import type { ContractReport } from "../../src/contract/check.js";
import { alteredBackend, json } from "../support/altered-backend.js";
import { connection, evsys, evsysOnTerminal, hasTerminal, jsonOf, OBEYED } from "../support/cli.js";
import { API_KEY, mockServer, PROJECT_ID } from "../support/clients.js";
import { command } from "../support/command.js";
import { textsOf } from "../support/pages.js";
import { always, deadServer, rawServer } from "../support/servers.js";

/** The same server under an address that is not the loopback's by its name. */
function elsewhere({ url }: { readonly url: string }): string {
  return url.replace("127.0.0.1", "0.0.0.0");
}

describe("evsys-sdk contract", () => {
  it("announces what it will write, and reports that the mock server conforms", async () => {
    const server = await mockServer();
    const { code, stdout, stderr } = await command(["contract"], connection(server));
    expect(code, stdout).toBe(0);
    expect(stderr).toContain(
      `Writes test records to ${server.url}, project ${PROJECT_ID}: experiments named contract-test-…`,
    );
    expect(stderr).toContain("at the end, the experiments are marked is_valid=false.\n");
    const [checks = "", end = ""] = stdout.split("\n\n");
    for (const line of checks.split("\n")) expect(line).toMatch(/^conforms {4}[a-zA-Z]+ +[a-zA-Z_=-]/);
    expect(end.split("\n")).toEqual([
      `${checks.split("\n").length} conform, 0 differ, 0 not tested.`,
      "Idempotency-Key is honoured: a repeat with the same key arrives once.",
      "  honoured: createExperiment, createRun, addCheckpoint, createEval",
      "  not visible in the responses: logStepMetric, logPredictions, updateRun, updateExperiment",
      "Marked 3 test experiments is_valid=false.",
      "",
    ]);
    expect(server.experiments.map(({ is_valid }) => is_valid)).toEqual([false, false, false]);
    expect(server.experiments.map(({ project_id }) => project_id)).toEqual([PROJECT_ID, undefined, PROJECT_ID]);
    expect(stdout + stderr).not.toContain(API_KEY);
    expect(stdout + stderr).not.toMatch(OBEYED);
  });

  it("prefers its options to the environment for the backend, key and project", async () => {
    const server = await mockServer({ apiKey: "other-key" });
    const args = [
      "--url",
      `${server.url}/`,
      "--api-key",
      "other-key",
      "--project-id=other-project",
      "--timeout-ms",
      "60000",
    ];
    const { code, stderr } = await command(["contract", ...args], connection({ url: "http://127.0.0.1:9" }));
    expect(code).toBe(0);
    expect(stderr).toContain("project other-project");
    expect(server.experiments[0]?.project_id).toBe("other-project");
  });

  it("prints one object with --json", async () => {
    const server = await mockServer({ honourIdempotencyKeys: false });
    const { code, stdout } = await command(["contract", "--json"], connection(server));
    expect(code).toBe(0);
    const report = jsonOf(stdout);
    expect(report).toMatchObject({
      url: server.url,
      document: expect.stringMatching(/ 1\.0\.0$/),
      conforms: expect.any(Number),
      differs: 0,
      notTested: 0,
      idempotencyKey: "ignored",
      idempotencyRoutes: {
        honoured: [],
        ignored: ["createExperiment", "createRun", "addCheckpoint", "createEval"],
        rejected: [],
        notSeen: ["logStepMetric", "logPredictions", "updateRun", "updateExperiment"],
      },
      unreachable: null,
      absent: null,
      isKeyRejected: false,
      isStopped: false,
    } satisfies Record<keyof Omit<ContractReport, "checks" | "experiments">, unknown>);
    expect(report).toMatchObject({
      checks: expect.arrayContaining([{ operation: "createRun", check: "every field", verdict: "conforms" }]),
      experiments: server.experiments.map(({ id, experiment_name: name }) => ({ id, name, isMarked: true })),
    });
  });

  it("exits with 1 for a difference, with its location, the expected and the received value", async () => {
    const server = await alteredBackend({
      alterResponse: ({ status }, { operation }) => {
        if (operation === "logPredictions" && status === 201) return json({ ok: true, inserted: "1" }, 201);
        return operation === "createEval" && status === 400 ? { status: 200 } : undefined;
      },
    });
    const { code, stdout } = await command(["contract"], connection(server));
    expect(code).toBe(1);
    expect(stdout).toContain(
      'differs     logPredictions    every field\n            inserted: expected integer, got "1"\n',
    );
    expect(stdout).toMatch(
      /got "1"\n {14}POST \/sdk\/runs\/[\w-]+\/predictions\/ \{"predictions":.* → 201 \{"ok":true,"inserted":"1"\}\n/,
    );
    const [, wrong = ""] = stdout.split("differs     createEval        rejects wrong types and values\n");
    const lines = wrong.split("\n");
    expect(lines[0]).toMatch(/^ {12}\S.*, status: expected a rejection of the body, such as 400 or 422, got 200: /);
    expect(lines[1]).toMatch(/^ {14}POST \/sdk\/runs\/[\w-]+\/evals\/ \{.* → 200 /);
    expect(lines[10]).toMatch(/^ {12}and \d+ more; --json prints all\.$/);
    expect(lines[11]).toMatch(/^differs {5}createEval/);
    expect(stdout).toMatch(/\n\d+ conform, 5 differ, 0 not tested\.\n/);
  });

  it("exits with 3 if the backend is unreachable, and with 4 if it rejects the key", async () => {
    const dead = await deadServer();
    const unreachable = await command(["contract"], connection(dead));
    expect(unreachable.code).toBe(3);
    expect(unreachable.stdout).toContain(`The backend at ${dead.url} could not be reached: connect ECONNREFUSED`);
    expect(unreachable.stdout).toContain("--url or EVSYS_API_URL");
    expect(unreachable.stdout).toContain("\n0 conform, 0 differ, ");

    const server = await mockServer({ apiKey: "another" });
    const rejected = await command(["contract"], connection(server));
    expect(rejected.code).toBe(4);
    expect(unreachable.stdout + rejected.stdout).not.toContain("not tested  ");
    expect(server.requests).toHaveLength(1);
    expect(rejected.stdout).toContain(
      "The backend rejected the API key. Set EVSYS_API_KEY or --api-key to a key with write access to the project.",
    );
    expect(rejected.stdout + rejected.stderr).not.toContain(API_KEY);
  });

  it("exits with 3 if the backend never responds, and names records that it may have left there", async () => {
    const server = await rawServer(() => {});
    const { code, stdout } = await command(["contract", "--timeout-ms", "500"], connection(server));
    expect(code).toBe(3);
    expect(stdout).toContain("could not be reached: no response within 500 ms.\n");
    expect(stdout).toMatch(
      /The experiment contract-test-\S+ may exist and is not marked is_valid=false\. Mark it in the backend\./,
    );
  });

  it("exits with 3 if another kind of server responds, and stops there", async () => {
    for (const answer of [
      always(404, { detail: "Not Found" }),
      always(200, "<html>", { "content-type": "text/html" }),
      always(501),
      always(503, "no"),
    ]) {
      const server = await rawServer(answer);
      const { code, stdout } = await command(["contract"], connection(server));
      expect(code).toBe(3);
      expect(server.requests).toHaveLength(1);
      expect(stdout).toMatch(
        /the SDK's routes are not at this address\. Set EVSYS_API_URL to|Try later, or ask its operators\./,
      );
      expect(stdout).not.toMatch(/may exist|not tested {2}/);
    }
  });

  it("prints one object with --json if it cannot start", async () => {
    const { code, stdout } = await command(["contract", "--json", "--url", ""]);
    expect(code).toBe(2);
    expect(jsonOf(stdout)).toEqual({ error: "--url requires a value: --url http://localhost:8000", exitCode: 2 });
  });

  it("exits with 3 for a redirect, and names its target", async () => {
    const server = await rawServer(always(302, "", { location: "https://elsewhere.example/login" }));
    const { code, stdout } = await command(["contract"], connection(server));
    expect(code).toBe(3);
    expect(stdout).toContain("got 302, a redirect to https://elsewhere.example/login, which is not followed");
  });

  it.each([
    [{ EVSYS_API_KEY: "" }, [], "Set EVSYS_API_KEY (or --api-key): the checks write to a project."],
    [{ EVSYS_PROJECT_ID: " " }, [], "Set EVSYS_PROJECT_ID (or --project-id): the checks write to a project."],
    [{}, ["--url", "nowhere"], '--url: expected an http or https URL, got "nowhere", such as http://localhost:8000.'],
    [{ EVSYS_API_URL: "ftp://x" }, [], "EVSYS_API_URL: expected an http or https URL"],
    [{}, ["--api-key", "geheim→"], "--api-key or EVSYS_API_KEY: expected printable ASCII"],
    [{}, ["--timeout-ms", "0"], '--timeout-ms must be an integer of at least 1, not "0".'],
    [{}, ["--timeout-ms", "9999999999"], "--timeout-ms: "],
    [{}, ["--url", ""], "--url requires a value: --url http://localhost:8000"],
    [{}, ["--url", "--api-key", "geheim"], "--url requires a value: --url http://localhost:8000"],
    [{}, ["http://localhost:8102/"], "Pass the address with --url http://localhost:8102"],
    [{}, ["geheim"], "contract accepts only options. See evsys-sdk contract --help."],
    [
      { EVSYS_API_URL: "http://backend.invalid" },
      [],
      "http://backend.invalid is not on this machine, and there is no terminal to confirm on; use --yes to write test records to it.",
    ],
  ])("exits with 2 for %j %j", async (variables, args, message) => {
    const environment = { ...connection({ url: "http://127.0.0.1:9" }), ...variables };
    const { code, stdout, stderr } = await command(["contract", ...args], environment);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.split("\n")).toEqual([expect.stringContaining(`evsys-sdk: ${message}`), ""]);
    expect(stderr).not.toContain("geheim");
  });

  it("writes to a non-local backend with --yes", async () => {
    const server = await mockServer();
    const { code } = await command(["contract", "--url", elsewhere(server), "--yes"], connection(server));
    expect(code).toBe(0);
    expect(server.experiments).not.toEqual([]);
  });

  it.skipIf(!hasTerminal).each([
    ["y\n", 0, true],
    ["n\n", 2, false],
    ["\u0004", 2, false],
  ])(
    "asks on a terminal before it writes to a non-local backend; %j exits with %i",
    async (answer, ending, isWritten) => {
      const server = await mockServer();
      const child = evsysOnTerminal(["contract", "--url", elsewhere(server)], connection(server));
      child.process.stdout.on("data", (text: string) => {
        if (text.includes("[y/N]")) child.process.stdin.write(answer);
      });
      const { code, stdout } = await child.ended;
      expect(stdout).toContain("Write them? [y/N]");
      expect(stdout.includes("Nothing was sent.")).toBe(!isWritten);
      expect(stdout.includes("\u001b[32mconforms  \u001b[39m")).toBe(isWritten);
      expect(code).toBe(ending);
      expect(server.requests.length > 0).toBe(isWritten);
    },
  );

  it.each(["SIGINT", "SIGTERM"] as const)(
    "marks its records as invalid when stopped by %s, and exits with 3",
    async (signal) => {
      const server = await mockServer({ latencyMs: 20 });
      const child = evsys(["contract", "--json"], connection(server));
      let isTold = false;
      server.failNext({
        status: 500,
        times: Number.POSITIVE_INFINITY,
        match: ({ path }) => {
          if (path.endsWith("/evals/") && !isTold) isTold = child.process.kill(signal);
          return false;
        },
      });
      const { code, signal: killedBy, stdout, stderr } = await child.ended;
      expect({ code, killedBy }).toEqual({ code: 3, killedBy: null });
      expect(stderr).toContain("Stopping after the requests in flight.");
      expect(jsonOf(stdout)).toMatchObject({ isStopped: true, differs: 0 });
      expect(server.predictions).toEqual([]);
      expect(server.experiments.length).toBeGreaterThan(1);
      expect(server.experiments.every(({ is_valid }) => is_valid === false)).toBe(true);
    },
  );

  it("escapes control characters in a response", async () => {
    const text = '{"detail":"\u001b[2Jgone \u202e","experiment":{"id":"\\u001b]0;title\\u0007"}}';
    const server = await rawServer((_, response) => {
      response.writeHead(200, { "content-type": "text/\u009b31m", location: "/\u009b" }).end(text);
    });
    const { code, stdout, stderr } = await command(["contract"], connection(server));
    expect(code).toBe(1);
    expect(stdout + stderr).not.toMatch(OBEYED);
    expect(stdout).not.toContain("\u202e");
    const json = await command(["contract", "--json"], connection(server));
    expect(json.stdout).not.toMatch(OBEYED);
    expect(jsonOf(json.stdout)).toMatchObject({ conforms: 0 });
  });

  it("documents all of this in its help", async () => {
    const { code, stdout } = await command(["contract", "--help"]);
    expect(code).toBe(0);
    for (const word of ["--url", "--api-key", "--project-id", "--timeout-ms", "--yes", "--json", "is_valid=false"]) {
      expect(stdout).toContain(word);
    }
    for (const exit of [0, 1, 2, 3, 4]) expect(stdout).toMatch(new RegExp(`^ {2}${exit} {2}\\w`, "m"));
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });
});

describe("the documentation page of evsys-sdk contract", () => {
  const page = "docs/checking-a-backend.md";
  const printed =
    textsOf(page, "sh")
      .join("")
      .split("\n")
      .find((line) => line.startsWith("npx evsys-sdk contract")) ?? "";
  const [sample = ""] = textsOf(page, "");

  it("shows a command that works, with the output that it prints", async () => {
    expect(printed).not.toBe("");
    // A backend with the two flaws of the sample.
    const server = await alteredBackend(
      {
        alterResponse: ({ status }, { operation, text }) => {
          if (operation === "updateRun" && status === 200) return json({ id: "5c1f" });
          return operation === "logStepMetric" && text.includes('"step":"1"') ? json({ ok: true }) : undefined;
        },
      },
      { honourIdempotencyKeys: false },
    );
    const { code, stdout } = await command(printed.split(" ").slice(2), connection(server));
    expect(code).toBe(1);
    const lines = sample
      .trimEnd()
      .split("\n")
      .filter((line) => line !== "…");
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(stdout).toContain(`${line}\n`);
  });
});
