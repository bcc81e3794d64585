import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { program, run } from "../support/children.js";
import { clientOf } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { listening, rawServer } from "../support/servers.js";
import { until } from "../support/until.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A host that accepts no connection: a stopped process with a full queue, so the system drops new ones. */
async function silentHost(): Promise<{ readonly url: string }> {
  const listen = "require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {";
  const stop = "process.stdout.write(this.address().port + '\\n', () => process.kill(process.pid, 'SIGSTOP')); })";
  const host = run(process.execPath, ["-e", listen + stop]);
  await until(() => host.stdout().endsWith("\n"));
  const port = Number(host.stdout());
  const pending = Array.from({ length: 8 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  onTestFinished(() => {
    for (const knock of pending) knock.destroy();
  });
  await once(pending[0] ?? connect(port), "connect");
  return { url: `http://127.0.0.1:${port}` };
}

/** A proxy from the environment. The test decides what it does with a CONNECT request. */
async function proxy(tunnel: (socket: Duplex, server: Server) => void) {
  const [tunnels, paths]: [string[], string[]] = [[], []];
  const server = createServer(({ url = "" }, response) => {
    paths.push(url);
    response.writeHead(200, { "content-type": "application/json" }).end('{"ok":true}');
  });
  server.on("connect", ({ url = "" }, socket) => {
    tunnels.push(url);
    tunnel(socket, server);
  });
  const { url, close } = await listening(server);
  onTestFinished(close);
  const variables = { http_proxy: url, HTTP_PROXY: url, no_proxy: "", NO_PROXY: "" };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  return { wishes: tunnels, paths, variables };
}

describe("timeoutMs applies", () => {
  it("to a host that accepts no connection", async () => {
    const logger = recordingLogger();
    const client = clientOf(await silentHost(), { timeoutMs: 60, logger });
    expect(await client.logStepMetric("r", { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
    expect(logger.of("warn").join("\n")).toMatch(/no response within \d+ ms/);
  });

  it("to a proxy that does not respond", async () => {
    const { wishes: tunnels } = await proxy(() => {});
    const client = clientOf({ url: "http://backend.invalid" }, { timeoutMs: 60 });
    expect(await client.logStepMetric("r", { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
    expect(tunnels.length).toBeLessThan(2);
  });

  it("to a proxy that closes the connection", async () => {
    await proxy((socket) => socket.destroy());
    const client = clientOf({ url: "http://backend.invalid" }, { timeoutMs: 80, maxRetries: 0 });
    expect(await client.logStepMetric("r", { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
  });
});

describe("a process with nothing left to do exits, though a row is pending", () => {
  const args = (url: string): string[] => [url, temporaryFolder(), "1", "forget", "300"];
  const ended = { code: 0, stdout: "last line of the program\n" };

  it("with a server that does not respond", async () => {
    const { url } = await rawServer(() => {});
    expect(await program("log-rows.ts", args(url)).ended).toMatchObject(ended);
  });

  it("with a proxy that does not respond", async () => {
    const { variables } = await proxy(() => {});
    expect(await program("log-rows.ts", args("http://backend.invalid"), variables).ended).toMatchObject(ended);
  });

  it("with a proxy that closes the connection", async () => {
    const { variables } = await proxy((socket) => socket.destroy());
    expect(await program("log-rows.ts", args("http://backend.invalid"), variables).ended).toMatchObject(ended);
  });
});

describe("a proxy from the environment", () => {
  it("is used for the backend", async () => {
    const { wishes: tunnels, paths } = await proxy((socket, server) => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      server.emit("connection", socket);
    });
    const client = clientOf({ url: "http://backend.invalid" });
    await client.logStepMetric("r", { step: 1, loss: 1 });
    expect(tunnels).toEqual(["backend.invalid:80"]);
    expect(paths).toEqual(["/api/dashboard/api/sdk/runs/r/metrics/"]);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });

  it("that rejects connections means an unavailable backend", async () => {
    await proxy((socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
    const logger = recordingLogger();
    const client = clientOf({ url: "http://backend.invalid" }, { maxRetries: 0, logger });
    expect(await client.logStepMetric("r", { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
    expect(logger.of("warn").at(-1)).toContain("403");
  });
});
