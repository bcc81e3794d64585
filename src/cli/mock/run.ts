import { once } from "node:events";
import { prefersColour } from "../../config.js";
import { type MockServer, type MockServerOptions, startMockServer } from "../../testing/index.js";
import { codeOf } from "../../util/thrown.js";
import { type Given, UsageError } from "../terminal/arguments.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output } from "../terminal/output.js";
import { failShare } from "./failures.js";
import { jsonLines, plainLines } from "./lines.js";
import { type MockOptions, mockOptions } from "./options.js";
import { CountingState } from "./state.js";

/** `evsys-sdk mock`. */
export async function run(given: Given): Promise<ExitCode> {
  const options = mockOptions(given);
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const lines = given.has("json") ? jsonLines(output) : plainLines(output);
  const state = new CountingState();
  const counts = { requests: 0, repeats: 0, failures: 0 };
  const stop = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const server = await started(options, {
    state,
    keepRequests: false,
    onAnswer(request) {
      counts.requests += 1;
      if (request.repeated) counts.repeats += 1;
      if (request.failure !== undefined) counts.failures += 1;
      lines.request(request);
    },
  });
  try {
    failShare(server, options.failRate);
    lines.start(server.url, options);
    await stop;
  } finally {
    await server.stop();
  }
  lines.summary({ ...counts, written: state.written });
  return EXIT.DONE;
}

/** @throws UsageError where it cannot listen. */
async function started(options: MockOptions, more: MockServerOptions): Promise<MockServer> {
  try {
    const { port, host, apiKey, latencyMs } = options;
    return await startMockServer({ ...more, port, host, apiKey, latencyMs });
  } catch (error) {
    const problem = problemOf(error, options);
    throw problem === undefined ? error : new UsageError(problem);
  }
}

function problemOf(error: unknown, { port, host }: MockOptions): string | undefined {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return `Port ${port} is in use; end what listens there, or say --port 0 for one that is free.`;
    case "EACCES":
      return `Port ${port} is not for this user; say --port with a number above 1023, or --port 0 for one that is free.`;
    case "EADDRNOTAVAIL":
    case "EAI_AGAIN":
    case "ENOTFOUND":
      return `${JSON.stringify(host)} is no address of this machine; leave --host out for localhost, or say --host 0.0.0.0 for all.`;
    default:
      return undefined;
  }
}
