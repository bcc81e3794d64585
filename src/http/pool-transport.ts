import { Socket } from "node:net";
import type { buildConnector, Dispatcher, Pool } from "undici";
import { type Config, MAX_IN_FLIGHT } from "../config.js";
import { EvsysError } from "../errors.js";
import { descriptorLimit } from "../util/descriptor-limit.js";
import type { ProxySetting } from "../util/proxy.js";
import type { Deadline } from "./deadline.js";
import { type Connections, exchange } from "./exchange.js";
import { hasFakeTimers } from "./fake-timers.js";
import { fetchTransport } from "./fetch-transport.js";
import type { Http, HttpRequest } from "./http.js";
import type { RawResponse } from "./response.js";
import { prepareSocket, unrefSocket } from "./socket.js";

type Undici = typeof import("undici");

const MIN_CONNECTIONS = 8;
/** A quarter of the descriptors: the mirror's and the caller's own files need the rest. */
const SHARE_OF_DESCRIPTORS = 4;

/** Creates the transport: the caller's fetch if given, else an undici pool; the runtime's fetch if undici cannot be used. */
export function createHttp(origin: string, { fetch, proxy }: Config): Http {
  if (fetch !== undefined) return fetchTransport(fetch);
  let opening: Promise<Http> | undefined;
  let opened: Http | undefined;
  let isClosed = false;
  const sendFirst: Http["send"] = async (request, deadline) => {
    if (isClosed) throw new EvsysError("The client is closed.");
    opening ??= open(origin, proxy);
    const http = await opening;
    if (!isClosed) opened = http;
    return http.send(request, deadline);
  };
  return {
    send: (request, deadline) => (opened === undefined ? sendFirst(request, deadline) : opened.send(request, deadline)),
    async close() {
      isClosed = true;
      opened = undefined;
      await opening?.then((http) => http.close()).catch(() => {});
    },
  };
}

/** Loads undici on first use, because loading takes 80 ms. */
async function open(origin: string, proxy: ProxySetting | undefined): Promise<Http> {
  const undici = await import("undici").catch(() => undefined);
  // Some runtimes replace undici with a stub that cannot dispatch, and some bundles leave it out.
  if (typeof undici?.Pool?.prototype?.dispatch !== "function") return fetchTransport((url, init) => fetch(url, init));
  return new PooledConnections(undici, origin, proxy);
}

/** An undici connection pool, which connects through the proxy if there is one. */
class PooledConnections implements Connections, Http {
  readonly origin: string;
  readonly pool: Dispatcher;
  isClosed = false;
  readonly #undici: Undici;
  readonly #proxy: ProxySetting | undefined;
  readonly #alone = new Set<Dispatcher>();
  readonly #connecting = new Set<Socket>();

  constructor(undici: Undici, origin: string, proxy: ProxySetting | undefined) {
    this.#undici = undici;
    this.origin = origin;
    this.#proxy = proxy;
    this.pool = this.#create();
  }

  send(request: HttpRequest, deadline: Deadline): Promise<RawResponse> {
    return exchange(this, request, deadline);
  }

  dispatchAlone(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): () => void {
    const alone = this.#create();
    this.#alone.add(alone);
    alone.dispatch(options, handler);
    return () => {
      this.#alone.delete(alone);
      alone.destroy().catch(() => {});
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    // undici would wait for these connections, and an unresponsive host never accepts them.
    for (const socket of this.#connecting) socket.destroy(new EvsysError("The client is closed."));
    const destroyed = Promise.allSettled([this.pool, ...this.#alone].map((each) => each.destroy()));
    if (!hasFakeTimers()) await destroyed;
  }

  #create(): Dispatcher {
    const { buildConnector, EnvHttpProxyAgent, Pool } = this.#undici;
    const connections = Math.min(Math.max(descriptorLimit() / SHARE_OF_DESCRIPTORS, MIN_CONNECTIONS), MAX_IN_FLIGHT);
    const factory = (to: string | URL, options: Pool.Options): Dispatcher => {
      const connector = typeof options.connect === "function" ? options.connect : buildConnector({});
      return new Pool(to, {
        ...options,
        connections: Math.floor(connections),
        connect: preparing(connector, this.#connecting),
      });
    };
    if (this.#proxy === undefined) return factory(this.origin, {});
    // One proxy for both schemes: the origin is always the same.
    return new EnvHttpProxyAgent({ httpProxy: this.#proxy.url, httpsProxy: "", factory, clientFactory: factory });
  }
}

/** A connector that prepares its sockets and lists those that are connecting. */
function preparing(connector: buildConnector.connector, connecting: Set<Socket>): buildConnector.connector {
  return (target, callback) => {
    const opening: unknown = connector(target, (...result) => {
      if (opening instanceof Socket) connecting.delete(opening);
      const [, socket] = result;
      if (socket instanceof Socket) prepareSocket(socket);
      callback(...result);
    });
    if (!(opening instanceof Socket)) return;
    unrefSocket(opening);
    connecting.add(opening);
  };
}
