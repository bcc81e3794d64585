import { type MockState, startMockServer } from "../../src/testing/index.js";

/** A backend that can be switched off and on again, on the same port and with all its rows. */
export interface DemoBackend extends AsyncDisposable {
  readonly url: string;
  readonly rows: MockState;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts a backend on a free port. */
export async function startBackend(apiKey: string): Promise<DemoBackend> {
  let server = await startMockServer({ apiKey });
  const { url, port, state } = server;
  return {
    url,
    rows: state,
    stop: () => server.stop(),
    start: async () => {
      server = await startMockServer({ apiKey, port, state });
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
