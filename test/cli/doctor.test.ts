import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DoctorCheck } from "../../src/cli/doctor/check.js";
import { freeSpaceCheck } from "../../src/cli/doctor/mirror.js";
import { checkNode } from "../../src/cli/doctor/node.js";
import { checkProxy } from "../../src/cli/doctor/proxy.js";
import { checkSettings } from "../../src/cli/doctor/settings.js";
import { syncCommandLine } from "../../src/delivery/exit-notice.js";
import { connection, jsonOf, offlineMirror } from "../support/cli.js";
import { API_KEY, clientOf, mockServer, offlineClient } from "../support/clients.js";
import { command } from "../support/command.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";
import { always, deadServer, rawServer } from "../support/servers.js";

interface Diagnosis {
  readonly code: number | null;
  readonly ok: boolean;
  readonly of: (check: string) => DoctorCheck | undefined;
  readonly text: string;
}

/** What `doctor --json` finds, in a folder of its own unless the mirror is named. */
async function diagnosis(variables: Readonly<Record<string, string>>, ...args: string[]): Promise<Diagnosis> {
  const cwd = temporaryFolder();
  const { code, stdout, stderr } = await command(["doctor", "--json", ...args], variables, { cwd });
  expect(stderr).toBe("");
  expect(stdout).not.toContain(API_KEY);
  // The shape is this package's own; each test holds the values against what it set up.
  const { ok, checks } = jsonOf(stdout) as { ok: boolean; checks: DoctorCheck[] };
  return { code, ok, text: stdout, of: (check) => checks.find((each) => each.check === check) };
}

describe("evsys-sdk doctor", () => {
  it("finds no problem in a valid setup, creates nothing, and names the source of each setting", async () => {
    const server = await mockServer();
    const cwd = temporaryFolder();
    const { code, stdout, stderr } = await command(["doctor"], connection(server), { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const line of [
      `ok       address     ${server.url} (from EVSYS_API_URL).`,
      "ok       key         Set (from EVSYS_API_KEY).",
      "ok       project     project-1 (from EVSYS_PROJECT_ID).",
      "ok       log level   WARNING (the default).",
      "ok       backend     The backend responds: it rejected the invalid test body with 400.",
      "ok       access      The backend accepts the API key.",
      "ok       clock       This machine and the backend agree on the time.",
      `ok       mirror      ${join(cwd, "evsys_sdk")} (the default) is writable. It does not exist yet; the first write creates it.`,
      "ok       writes      0 writes pending.",
      "No problems found.",
    ]) {
      expect(stdout.split("\n")).toContain(line);
    }
    expect(stdout).not.toContain(API_KEY);
    expect(pathsBelow(cwd)).toEqual([]);
    expect(server.requests.map(({ status }) => status)).toEqual([400, 401]);
    expect(server.experiments).toEqual([]);
  });

  it("names unset settings and shows the defaults", async () => {
    const { code, of } = await diagnosis({ EVSYS_API_URL: (await deadServer()).url });
    expect(code).toBe(1);
    expect(of("key")).toMatchObject({ verdict: "to do", next: expect.stringContaining("Set EVSYS_API_KEY") });
    expect(of("project")).toMatchObject({ verdict: "to do", next: expect.stringContaining("Set EVSYS_PROJECT_ID") });
    expect(checkSettings({}).checks).toContainEqual({
      check: "address",
      verdict: "ok",
      found: "http://localhost:8000 (the default).",
      next: null,
    });
  });

  it("reports that nothing listens at the URL", async () => {
    const server = await deadServer();
    const { code, ok, of } = await diagnosis(connection(server));
    expect({ code, ok }).toEqual({ code: 1, ok: false });
    expect(of("backend")).toMatchObject({
      verdict: "to do",
      found: expect.stringMatching(`^${server.url} cannot be reached: connect ECONNREFUSED`),
      next: "Start the backend, or set EVSYS_API_URL to its address.",
    });
    expect(of("access")?.verdict).toBe("skipped");
  });

  it("reports that the port expects plain http", async () => {
    const server = await mockServer();
    const { of, text } = await diagnosis({
      ...connection(server),
      EVSYS_API_URL: server.url.replace("http:", "https:"),
    });
    expect(of("backend")).toMatchObject({
      found: "This port speaks plain http.",
      next: `Set EVSYS_API_URL=${server.url}.`,
    });
    expect(text).not.toContain("routines");
  });

  it("warns about a base URL that includes the path added by the client", () => {
    const { checks } = checkSettings({ EVSYS_API_URL: "http://localhost:8000/api/dashboard/api" });
    expect(checks).toContainEqual(
      expect.objectContaining({ verdict: "to do", found: expect.stringContaining("without /api/dashboard/api") }),
    );
  });

  it("reports offline writes as pending until the client is online", async () => {
    const { logDir } = await offlineMirror();
    const { code, of } = await diagnosis({ EVSYS_OFFLINE: "1", EVSYS_LOG_DIR: logDir });
    expect(code).toBe(0);
    expect(of("writes")).toMatchObject({
      verdict: "ok",
      found: expect.stringContaining("Offline: they stay in the mirror."),
    });
  });

  it("reports writes to a run that the backend does not know", async () => {
    const server = await mockServer();
    const client = clientOf(server);
    await client.logStepMetric("unknown-run", { step: 1, loss: 1 }).catch(() => {});
    await client.close();
    const { of } = await diagnosis({ ...connection(server), EVSYS_LOG_DIR: client.local.root });
    expect(of("writes")).toMatchObject({
      verdict: "to do",
      found: expect.stringContaining("Parked, because the backend does not know run unknown-run."),
    });
  });

  it("lists folders of another client and how to send their writes", async () => {
    const logDir = join(temporaryFolder(), "mirror");
    mkdirSync(join(logDir, "generations", "r"), { recursive: true });
    writeFileSync(
      join(logDir, "generations", "r", "metrics.jsonl"),
      '{"step":1,"split":"train","metrics":{"loss":1}}\n',
    );
    const { of } = await diagnosis({ ...connection(await mockServer()), EVSYS_LOG_DIR: logDir });
    expect(of("writes")).toMatchObject({
      verdict: "to do",
      found: "1 folder by another client.",
      next: `If their writes never reached the backend: ${syncCommandLine(logDir)} --adopt`,
    });
  });

  it("times out if the backend never responds", async () => {
    const server = await mockServer();
    server.failNext({ hang: true });
    const { code, of } = await diagnosis(connection(server), "--timeout-ms", "300");
    expect(code).toBe(1);
    expect(of("backend")).toMatchObject({
      verdict: "to do",
      found: `${server.url} cannot be reached: no response in time.`,
    });
  });

  it("reports a rejected key without showing it", async () => {
    const server = await rawServer(always(401, { detail: `no such key: ${API_KEY}` }));
    const { code, of } = await diagnosis(connection(server));
    expect(code).toBe(1);
    expect(of("access")).toMatchObject({
      verdict: "to do",
      found: 'The backend rejects the API key with status 401: {"detail":"no such key: [API key]"}.',
      next: "Set EVSYS_API_KEY to a key with write access to the project.",
    });
    expect(of("backend")?.verdict).toBe("ok");
  });

  it("does not report a key as accepted if the backend validates the body first", async () => {
    const server = await rawServer(always(400, { detail: "no" }));
    const { code, of } = await diagnosis(connection(server));
    expect(code).toBe(0);
    expect(of("access")).toMatchObject({
      verdict: "skipped",
      found: expect.stringContaining("Unknown, because the backend responds in the same way"),
    });
    expect(server.requests.map(({ text }) => text)).toEqual(["[]", "[]"]);
  });

  it("does not follow a redirect, and suggests its target as the URL", async () => {
    const other = await mockServer();
    const server = await rawServer(({ path }, response) => {
      response.writeHead(308, { location: `${other.url}/base${path}` }).end();
    });
    const { code, of } = await diagnosis(connection(server));
    expect(code).toBe(1);
    expect(of("backend")).toMatchObject({ verdict: "to do", next: `Set EVSYS_API_URL=${other.url}/base.` });
    expect(other.requests).toEqual([]);
  });

  it.each([
    [404, "the SDK's routes are not at this address", "Set EVSYS_API_URL"],
    [200, "it may not be an EvolvingSystems backend", "Set EVSYS_API_URL"],
    [503, "with status 503: down for repairs", "Try later, or ask its operators"],
    [302, "redirects without a target", "Set EVSYS_API_URL"],
  ])("explains status %i", async (status, found, next) => {
    const server = await rawServer(always(status, "down for repairs"));
    const { code, of } = await diagnosis(connection(server));
    expect(code).toBe(1);
    expect(of("backend")).toMatchObject({
      verdict: "to do",
      found: expect.stringContaining(found),
      next: expect.stringContaining(next),
    });
    expect(of("access")?.verdict).toBe("skipped");
  });

  it.each([
    [-600_000, "to do", /^This machine's clock is (599|600|601) seconds ahead of the backend's\.$/],
    [600_000, "to do", /^This machine's clock is (599|600|601) seconds behind the backend's\.$/],
    [-20_000, "ok", /agree on the time/],
  ])("compares the clock with the backend's, %i ms apart", async (offsetMs, verdict, found) => {
    const server = await rawServer((request, response) => {
      always(400, "no", { date: new Date(Date.now() + offsetMs).toUTCString() })(request, response);
    });
    const { of } = await diagnosis(connection(server));
    expect(of("clock")).toMatchObject({ verdict, found: expect.stringMatching(found) });
  });

  it("sends nothing offline, and says so", async () => {
    const server = await mockServer();
    const { code, of } = await diagnosis({ ...connection(server), EVSYS_OFFLINE: "yes", EVSYS_API_KEY: "" });
    expect(code).toBe(0);
    expect(of("mode")?.found).toBe("Offline (from EVSYS_OFFLINE): clients only write to the mirror.");
    expect(of("key")).toMatchObject({ verdict: "ok", found: "Not set; not needed offline." });
    for (const check of ["backend", "access", "clock"]) {
      expect(of(check)).toMatchObject({ verdict: "skipped", found: "Offline: nothing is sent." });
    }
    expect(server.requests).toEqual([]);
  });

  it("names the setting that disables clients, and runs the other checks", () => {
    const of = (variables: Readonly<Record<string, string>>) =>
      checkSettings(variables).checks.find(({ check }) => check === "disabled");
    expect(of({})).toBeUndefined();
    expect(of({ EVSYS_DISABLED: "off" })).toBeUndefined();
    expect(of({ EVSYS_DISABLED: "1" })).toEqual({
      check: "disabled",
      verdict: "to do",
      found: "Disabled (from EVSYS_DISABLED): clients neither write to a mirror nor send.",
      next: "Unset it to record.",
    });
    expect(of({ EVSYS_DISABLED: "please" })?.found).toContain("EVSYS_DISABLED: expected one of 1, true, yes, on");
    const { config } = checkSettings({ EVSYS_DISABLED: "1", EVSYS_API_KEY: "k" });
    expect(config).toMatchObject({ disabled: false, offline: false, apiKey: "k" });
  });

  it("reports each invalid setting, and runs the other checks", async () => {
    const server = await mockServer();
    const bad = { EVSYS_API_KEY: "geheim→", EVSYS_LOGGING_LEVEL: "LOUD", EVSYS_OFFLINE: "please" };
    const { code, text, of } = await diagnosis({ ...connection(server), ...bad });
    expect(code).toBe(1);
    for (const check of ["key", "log level", "mode"]) expect(of(check)?.verdict).toBe("to do");
    expect(of("backend")).toMatchObject({ verdict: "ok", found: "The backend responds with status 401." });
    expect(text).not.toContain("geheim");
    const swapped = await diagnosis({ EVSYS_API_URL: API_KEY, EVSYS_API_KEY: API_KEY });
    expect(swapped.of("address")).toMatchObject({ verdict: "to do", found: expect.stringContaining("[API key]") });
    expect(swapped.of("backend")?.verdict).toBe("skipped");
  });

  it("counts pending writes as status does, and names the command that sends them", async () => {
    const { logDir, writes } = await offlineMirror();
    const before = pathsBelow(logDir);
    const { code, of } = await diagnosis({ ...connection(await mockServer()), EVSYS_LOG_DIR: logDir });
    expect(code).toBe(1);
    expect(of("writes")).toMatchObject({
      verdict: "to do",
      found: `${writes} writes pending.`,
      next: `Send them with: ${syncCommandLine(logDir)}`,
    });
    expect(of("mirror")?.found).toBe(`${logDir} (from EVSYS_LOG_DIR) is writable.`);
    expect(pathsBelow(logDir)).toEqual(before);
  });

  it("reports that a live process sends the pending writes", async () => {
    const client = clientOf(await deadServer(), { maxRetries: 0 });
    await client.logStepMetric("run-1", { step: 1, loss: 1 });
    const { code, of } = await diagnosis({ ...connection(await mockServer()), EVSYS_LOG_DIR: client.local.root });
    expect(code).toBe(0);
    expect(of("writes")?.found).toBe("1 write pending. Another process is sending them.");
  });

  it("reports parts of the mirror that cannot be read or written", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    const inFile = await diagnosis({ EVSYS_OFFLINE: "1", EVSYS_LOG_DIR: join(folder, "file", "mirror") });
    expect(inFile.code).toBe(1);
    expect(inFile.of("mirror")).toMatchObject({
      verdict: "to do",
      found: expect.stringContaining("ENOTDIR"),
      next: expect.stringContaining("Set EVSYS_LOG_DIR"),
    });
    expect(inFile.of("space")?.verdict).toBe("skipped");
    const blocked = join(folder, "blocked");
    mkdirSync(blocked);
    writeFileSync(join(blocked, "generations"), "");
    const inside = await diagnosis({ EVSYS_OFFLINE: "1", EVSYS_LOG_DIR: blocked });
    expect(inside.of("mirror")).toMatchObject({ verdict: "to do", found: expect.stringContaining("generations") });

    const { local } = offlineClient();
    mkdirSync(join(local.root, "generations", "r", "sync", "acks.log"), { recursive: true });
    writeFileSync(join(local.root, "generations", "r", "sync", "ops.jsonl"), "");
    const unread = await diagnosis({ EVSYS_OFFLINE: "1", EVSYS_LOG_DIR: local.root });
    expect(unread.of("writes")).toMatchObject({ verdict: "to do", found: expect.stringContaining("acks.log") });
  });

  it("exits with 2 for an argument that is not an option", async () => {
    const { code, stdout, stderr } = await command(["doctor", "geheim"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe("evsys-sdk: doctor accepts only options. See evsys-sdk doctor --help.\n");
  });
});

describe("the checks of doctor", () => {
  it.each([
    ["http://backend.example", "to do"],
    ["https://backend.example", "ok"],
    ["http://127.0.0.1:9", "ok"],
    ["http://[::1]:9", "ok"],
    ["http://127.0.0.1.evil.example", "to do"],
  ])("rate the encryption of %s as %s", (url, verdict) => {
    const { checks } = checkSettings({ EVSYS_API_URL: url });
    expect(checks.find(({ check }) => check === "encryption")?.verdict).toBe(verdict);
  });

  it.each([
    [{ http_proxy: "http://me:geheim@proxy:3128" }, "http://b", "Requests use http://proxy:3128 (http_proxy)."],
    [{ HTTP_PROXY: "http://p:1" }, "https://b", "Requests use http://p:1 (HTTP_PROXY)."],
    [{ HTTPS_PROXY: "http://p:1" }, "http://b", "None for this address; HTTPS_PROXY applies to https only."],
    [
      { HTTPS_PROXY: "https://p", NO_PROXY: "localhost" },
      "https://b",
      "Requests use https://p (HTTPS_PROXY), except for the hosts of NO_PROXY (localhost).",
    ],
    [{ https_proxy: "me:geheim@" }, "https://b", "https_proxy is not an http or https URL."],
    [{ http_proxy: "me:geheim@proxy:3128" }, "http://b", "Requests use http://proxy:3128 (http_proxy)."],
    [{ HTTP_PROXY: "localhost:3128" }, "http://b", "Requests use http://localhost:3128 (HTTP_PROXY)."],
    [{ HTTP_PROXY: "socks5://me:geheim@proxy:1080" }, "http://b", "HTTP_PROXY is not an http or https URL."],
    [{}, "https://b", "None is set."],
  ])("show the proxy of %j without its credentials", (found, address, words) => {
    const check = checkProxy(found, address);
    expect(check.found).toBe(words);
    expect(JSON.stringify(check)).not.toContain("geheim");
  });

  it("require 1 GiB of free space and a supported Node version", () => {
    expect([1024 ** 3, 1024 ** 3 - 1].map((bytes) => freeSpaceCheck(bytes).verdict)).toEqual(["ok", "to do"]);
    const versions = ["20.18.3", "20.19.0", "18.99.0", "22.0.0"];
    expect(versions.map((version) => checkNode(version, ">=20.19").verdict)).toEqual(["to do", "ok", "to do", "ok"]);
  });
});
