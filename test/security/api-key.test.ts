import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type DashboardClientOptions, syncMirror } from "../../src/index.js";
import { API_KEY, clientOf, failureOf, offlineClient, PROJECT_ID } from "../support/clients.js";
import { pathsBelow } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { always, deadServer, listening, rawServer, type WireRequest } from "../support/servers.js";
import { until } from "../support/until.js";
import { FULL_WRITES } from "../support/writes.js";

/** A text that must not contain the key, and where it is shown. */
type Shown = readonly [place: string, text: string];

/** Everything that is written below a folder: names and contents. */
function writtenIn(root: string): Shown[] {
  return pathsBelow(root).map((path) => [`the file ${path}`, `${path}\n${read(join(root, path))}`]);
}

/** The places that show the key, each with the text around it. */
function leaksIn(shown: readonly Shown[]): string[] {
  return shown.flatMap(([place, text]) => {
    const at = text.indexOf(API_KEY);
    return at === -1 ? [] : [`${place}: …${text.slice(Math.max(0, at - 100), at + API_KEY.length)}…`];
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** A server that repeats the key in its responses, as a careless backend does. */
const echoing = (status: number, location?: string) =>
  rawServer(({ headers }, response) => {
    const { authorization } = headers;
    response.writeHead(status, {
      "content-type": "application/json",
      "x-echo": authorization ?? "",
      ...(location === undefined ? {} : { location: `${location}?key=${API_KEY}` }),
    });
    response.end(JSON.stringify({ detail: `You sent ${authorization}`, headers, [API_KEY]: API_KEY }));
  });

describe("the API key is in no file, log line, error or report", () => {
  it.each([200, 302, 400, 401, 403, 404, 409, 422, 429, 500])(
    "after responses of %i that repeat it",
    async (status) => {
      const server = await echoing(status, status === 302 ? "http://127.0.0.1:9/" : undefined);
      const logger = recordingLogger();
      const deliveryErrors: unknown[] = [];
      const options: DashboardClientOptions = {
        maxRetries: 0,
        logger,
        logLevel: "DEBUG",
        onDeliveryError: (e) => deliveryErrors.push(e),
      };
      const shown: Shown[] = [];
      let root = "";
      for (const delivery of ["await", "background"] as const) {
        const client = clientOf(server, { ...options, delivery, ...(root === "" ? {} : { logDir: root }) });
        root = client.local.root;
        for (const { method, call } of FULL_WRITES) {
          const outcome = await call(client, { experimentId: "e", runId: "r" }).catch((error: unknown) => error);
          // The body of a successful response is returned unchanged.
          if (!(outcome instanceof Error)) continue;
          shown.push([`the error of ${method}`, inspect(outcome, { depth: 20, showHidden: true })]);
          shown.push([`the error of ${method} as JSON`, JSON.stringify(outcome)]);
        }
        const reports = [client.status(), await client.flush({ timeoutMs: 50 }), await client.close({ timeoutMs: 50 })];
        shown.push(["the client", inspect(client, { depth: 20, showHidden: true })]);
        shown.push(["the client as JSON", JSON.stringify(client)]);
        shown.push(["status(), flush() and close()", JSON.stringify(reports)]);
      }
      const connection = { baseUrl: server.url, apiKey: API_KEY, projectId: PROJECT_ID, logger, maxRetries: 0 };
      const report = await syncMirror({ ...connection, logDirs: [root], retryRejected: true, adopt: true });
      shown.push(["the report of the sync", JSON.stringify(report)]);
      expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${API_KEY}`);
      for (const error of deliveryErrors) shown.push(["an error of onDeliveryError", inspect(error, { depth: 20 })]);
      for (const { message } of logger.lines) shown.push(["a log line", message]);
      expect(leaksIn([...shown, ...writtenIn(root)]), "the API key is shown in").toEqual([]);
    },
  );

  it("after network failures, and in an error about invalid options", async () => {
    const logger = recordingLogger();
    const client = clientOf(await deadServer(), { maxRetries: 0, logger, logLevel: "DEBUG" });
    for (const { call } of FULL_WRITES) await call(client, { experimentId: "e", runId: "r" });
    const error = await failureOf(() => clientOf({ url: "http://127.0.0.1:9" }, { timeoutMs: -1 }));
    const shown: Shown[] = [
      ["the log", JSON.stringify(logger.lines)],
      ["the error about options", inspect(error, { depth: 20 })],
    ];
    expect(leaksIn([...shown, ...writtenIn(client.local.root)]), "the API key is shown in").toEqual([]);
  });
});

describe("the API key is sent only to the backend", () => {
  it.each([301, 302, 303, 307, 308])("and not to the target of a %i", async (status) => {
    const elsewhere = await rawServer(always(200, { ok: true }));
    const server = await rawServer(
      always(status, "", { location: `${elsewhere.url}/api/dashboard/api/sdk/runs/r/metrics/` }),
    );
    for (const fetch of [undefined, (url: string, init: RequestInit) => globalThis.fetch(url, init)]) {
      const client = clientOf(server, { maxRetries: 0, fetch });
      for (const { call } of FULL_WRITES) await failureOf(() => call(client, { experimentId: "e", runId: "r" }));
      expect(await failureOf(() => client.post("/anything/"))).toMatchObject({ status });
    }
    expect(server.requests.length).toBeGreaterThan(2);
    expect(elsewhere.connections()).toBe(0);
  });

  it("and not to the proxy that the requests are tunnelled through", async () => {
    const backend = await rawServer(always(200, { ok: true }));
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on("connect", ({ url, headers }, socket) => {
      asked.push(`${url} ${JSON.stringify(headers)}`);
      const { port } = new URL(backend.url);
      const onward = connect(Number(port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      onward.on("error", () => socket.destroy());
      socket.on("error", () => onward.destroy());
    });
    const plain: (string | undefined)[] = [];
    proxy.on("request", ({ url }, response) => {
      plain.push(url);
      response.end();
    });
    const { url, close } = await listening(proxy);
    onTestFinished(close);
    for (const name of ["http_proxy", "HTTP_PROXY"]) vi.stubEnv(name, url);
    for (const name of ["no_proxy", "NO_PROXY"]) vi.stubEnv(name, "");
    onTestFinished(() => void vi.unstubAllEnvs());
    await clientOf({ url: "http://backend.invalid" }).logStepMetric("r", { step: 1, loss: 1 });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^backend\.invalid:80 /);
    expect(asked.join()).not.toContain(API_KEY);
    expect(plain).toEqual([]);
    expect(backend.requests.map(({ headers }: WireRequest) => headers.authorization)).toEqual([`Bearer ${API_KEY}`]);
  });

  it("and by post() only below the base URL, whatever the path", async () => {
    const elsewhere = await rawServer(always(200, { ok: true }));
    const server = await rawServer(always(200, { ok: true }));
    const client = clientOf(server);
    const { host } = new URL(elsewhere.url);
    for (const path of [`//${host}/`, `/@${host}/`, `/..//${host}/`, `/\\${host}/`, `/?u=http://${host}/`]) {
      await client.post(path).catch(() => {});
    }
    await until(() => server.requests.length === 5);
    expect(server.requests.every(({ path }) => path.startsWith("/api/dashboard/api/"))).toBe(true);
    expect(elsewhere.connections()).toBe(0);
  });
});

describe("unencrypted http to another machine", () => {
  const warnings = (url: string, options: DashboardClientOptions = {}): string[] => {
    const logger = recordingLogger();
    clientOf({ url }, { logger, ...options });
    return logger.of("warn");
  };

  it.each(["http://evsys.example", "http://10.0.0.1:8000/base", "http://localhost.example", "http://[fe80::1]"])(
    "causes one warning with a hint: %s",
    (url) => {
      const [warning, ...more] = warnings(url);
      expect(warning).toContain(new URL(url).host);
      expect(warning).toMatch(/https.*EVSYS_API_URL/);
      expect(warning).not.toContain(API_KEY);
      expect(more).toEqual([]);
    },
  );

  it.each([
    "http://localhost:8000",
    "http://127.0.0.1",
    "http://127.1.2.3:1",
    "http://[::1]:8000",
    "https://evsys.example",
  ])("does not include %s", (url) => {
    expect(warnings(url)).toEqual([]);
  });

  it("causes no warning offline, but one for a sync", async () => {
    expect(warnings("http://evsys.example", { offline: true })).toEqual([]);
    const logger = recordingLogger();
    const { local } = offlineClient();
    local.prepare("run");
    await syncMirror({
      baseUrl: "http://evsys.example",
      apiKey: API_KEY,
      projectId: "p",
      logDirs: [local.root],
      logger,
    });
    expect(logger.of("warn")).toHaveLength(1);
  });
});
