import { once } from "node:events";
import { prefersColour } from "../../config/terminal.js";
import { type MockServer, type MockServerOptions, startMockServer } from "../../testing/index.js";
import { codeOf } from "../../util/thrown.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";
import { EXIT, type ExitCode } from "../terminal/exit-codes.js";
import { Output } from "../terminal/output.js";
import { failRandomly } from "./failures.js";
import { jsonLines, plainLines } from "./lines.js";
import { type MockOptions, mockOptions } from "./options.js";
import { CountingState } from "./state.js";

/** Runs `evsys-sdk mock`. */
export async function run(given: ParsedArguments): Promise<ExitCode> {
  const options = mockOptions(given);
  const output = new Output(process.stdout, prefersColour(process.stdout));
  const lines = given.has("json") ? jsonLines(output) : plainLines(output);
  const state = new CountingState();
  const counts = { requests: 0, repeats: 0, failures: 0 };
  const stop = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const server = await started(options, {
    state,
    keepRequests: false,
    onRequest(request) {
      counts.requests += 1;
      if (request.repeated) counts.repeats += 1;
      if (request.failure !== undefined) counts.failures += 1;
      lines.request(request);
    },
  });
  try {
    failRandomly(server, options.failRate);
    lines.start(server.url, options);
    await stop;
  } finally {
    await server.stop();
  }
  lines.summary({ ...counts, written: state.written });
  return EXIT.DONE;
}

/** @throws UsageError if it cannot listen. */
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
      return `Port ${port} is in use; stop the process that uses it, or use --port 0 for a free port.`;
    case "EACCES":
      return `Port ${port} requires privileges; use a --port above 1023, or --port 0 for a free port.`;
    case "EADDRNOTAVAIL":
    case "EAI_AGAIN":
    case "ENOTFOUND":
      return `${JSON.stringify(host)} is not an address of this machine; omit --host for localhost, or use --host 0.0.0.0 for all interfaces.`;
    default:
      return undefined;
  }
}
