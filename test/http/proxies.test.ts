import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { resolveConfig } from "../../src/config.js";
import { EvsysValidationError } from "../../src/index.js";
import { clientOf, failureOf, mockServer } from "../support/clients.js";
import { command } from "../support/command.js";
import { temporaryFolder } from "../support/folders.js";
import { listening } from "../support/servers.js";
import { attempt, backendApi } from "./support.js";

const BACKEND = { url: "http://backend.invalid" };
const OK = { kind: "delivered", body: { ok: true } };

/** A proxy; what it does with a request for a tunnel is the test's to say. */
async function proxy(onConnect: (socket: Duplex, request: IncomingMessage, server: Server) => void = tunnel) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? "");
    response.writeHead(200, { "content-type": "application/json" }).end('{"ok":true}');
  });
  server.on("connect", (request, socket) => onConnect(socket, request, server));
  const { url, close } = await listening(server);
  onTestFinished(close);
  return { url, host: new URL(url).host, paths };
}

function tunnel(socket: Duplex, _: IncomingMessage, server: Server): void {
  socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
  server.emit("connection", socket);
}

describe("a proxy", () => {
  it("may be configured without a scheme", async () => {
    const { host, paths } = await proxy();
    const backend = backendApi(BACKEND, {}, { HTTP_PROXY: host });
    expect(await attempt(backend)).toEqual(OK);
    expect(paths).toEqual(["/api/dashboard/api/sdk/runs/r/metrics/"]);
  });

  it("receives its user and password, also without a scheme", async () => {
    const given: unknown[] = [];
    const { host } = await proxy((socket, request, server) => {
      given.push(request.headers["proxy-authorization"]);
      tunnel(socket, request, server);
    });
    await attempt(backendApi(BACKEND, {}, { http_proxy: `me:p%40ss@${host}` }));
    expect(given).toEqual([`Basic ${Buffer.from("me:p@ss").toString("base64")}`]);
  });

  it("that requires a password blocks the write, and is named without its credentials", async () => {
    const { host } = await proxy((socket) => {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="x"\r\n\r\n');
    });
    const outcome = await attempt(backendApi(BACKEND, {}, { HTTP_PROXY: `http://me:geheim@${host}` }));
    expect(outcome).toMatchObject({
      kind: "blocked",
      failure: { status: 407, pending: true, path: "/sdk/runs/r/metrics/" },
    });
    expect(JSON.stringify(outcome)).toContain(`the proxy http://${host} requires a user and a password`);
    expect(JSON.stringify(outcome)).not.toContain("geheim");
  });

  it.each([403, 502])("that responds with %i counts as a failed connection", async (status) => {
    const { host } = await proxy((socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
    expect(await attempt(backendApi(BACKEND, {}, { HTTP_PROXY: host }))).toEqual({
      kind: "unavailable",
      evidence: "connection",
      reason: `the proxy http://${host} does not connect: HTTP ${status}`,
    });
  });

  it("is read from the lower-case variable first; an empty one means none", async () => {
    const { host, paths } = await proxy();
    const backend = backendApi(BACKEND, {}, { http_proxy: host, HTTP_PROXY: "127.0.0.1:1" });
    expect(await attempt(backend)).toEqual(OK);
    expect(await attempt(backendApi(BACKEND, {}, { http_proxy: "  ", HTTP_PROXY: host }))).toEqual(OK);
    expect(paths).toHaveLength(2);
  });
});

describe("an invalid proxy", () => {
  const options = { apiKey: "k", projectId: "p", baseUrl: "http://backend.example" };

  it.each([
    ["HTTP_PROXY", "socks5://me:geheim@proxy:1080", '"socks5://proxy:1080"'],
    ["http_proxy", "http://me:geheim@", '"http://"'],
    ["HTTP_PROXY", "http://me:geheim%zz@proxy:3128", '"http://proxy:3128"'],
    ["HTTP_PROXY", "me:geheim@proxy:port", '"http://proxy:port"'],
    ["HTTP_PROXY", "host name", '"http://host name"'],
  ])("is rejected by the constructor: %s=%s", async (variable, value, shown) => {
    const error = await failureOf(() => resolveConfig(options, { [variable]: value }));
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(String(error)).toContain(`${variable}: expected an http or https URL such as http://proxy.example:3128`);
    expect(String(error)).toContain(shown);
    expect(String(error)).not.toContain("geheim");
  });

  it("is ignored offline, for another scheme, and with the caller's fetch", () => {
    expect(resolveConfig({ ...options, offline: true }, { HTTP_PROXY: "socks5://x" }).offline).toBe(true);
    expect(resolveConfig(options, { HTTPS_PROXY: "socks5://x" }).proxy).toBeUndefined();
    expect(resolveConfig({ ...options, fetch }, { HTTP_PROXY: "socks5://x" }).fetch).toBe(fetch);
  });

  it("is reported by doctor, which then sends nothing", async () => {
    const variables = { EVSYS_API_KEY: "k", EVSYS_PROJECT_ID: "p", HTTP_PROXY: "socks5://me:geheim@proxy:1080" };
    const { stdout, code } = await command(["doctor"], variables, { cwd: temporaryFolder() });
    expect(stdout).toContain("HTTP_PROXY is not an http or https URL.");
    expect(stdout).toContain("The proxy above is invalid.");
    expect(stdout).not.toContain("geheim");
    expect(code).not.toBe(0);
  });
});

it("a client with a proxy without a scheme connects directly to the hosts of NO_PROXY, and closes", async () => {
  vi.stubEnv("HTTP_PROXY", "localhost:1");
  vi.stubEnv("NO_PROXY", "127.0.0.1");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const server = await mockServer();
  const client = clientOf(server);
  await client.createExperiment({ experiment_name: "iris" });
  expect(await client.close()).toMatchObject({ delivered: 1, pending: 0 });
  expect(server.experiments).toHaveLength(1);
});
