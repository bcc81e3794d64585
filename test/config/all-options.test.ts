import { describe, expect, it, onTestFinished, vi } from "vitest";
import * as main from "../../src/index.js";
import * as testing from "../../src/testing/index.js";
import { API_KEY, failureOf, offlineClient, wrong } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { EVAL, PREDICTION } from "../support/writes.js";

const { DashboardClient, EvsysValidationError, LocalExperimentStore, syncMirror } = main;

/** A public function with options, and an invalid value for each of them. */
interface Door {
  readonly name: string;
  readonly call: (options: never) => unknown;
  readonly invalid: Readonly<Record<string, readonly unknown[]>>;
  /** Values that are no options here, but another argument. */
  readonly otherwise?: readonly unknown[];
}

const CALL = { timeoutMs: ["5", -1, 0, Number.NaN, Number.POSITIVE_INFINITY, null, 3n, 2 ** 31] };
const WAIT = {
  timeoutMs: ["5", -1, Number.NaN, Number.POSITIVE_INFINITY, null, 3n],
  signal: ["SIGINT", {}, null, true],
};
const CONNECTION = {
  baseUrl: [8000, null, new URL("http://localhost"), "ftp://host"],
  apiKey: [5, null],
  projectId: [5, null],
  timeoutMs: CALL.timeoutMs,
  maxRetries: [-1, 1.5, "2", null],
  concurrency: [0, 129, "8", null],
  fetch: ["fetch", {}, null],
  logger: [{}, "console", null, { warn() {} }],
  logLevel: [3, "loud", null],
};
const RUN = {
  signals: ["SIGINT", 1],
  signal: ["SIGINT", {}, true],
  trackBest: [5, "", {}, { metric: "a", mode: "highest" }],
  seed: ["42", 1.5, 3n],
};

const doors: readonly Door[] = [
  {
    name: "DashboardClient",
    call: (options) => new DashboardClient(options),
    invalid: {
      ...CONNECTION,
      offline: ["yes", 1, null],
      disabled: ["yes", 1, null],
      logDir: [["mirror"], null, new URL("file:///tmp"), "https://host/mirror"],
      delivery: ["later", null],
      fsync: ["daily", true, null],
      onDeliveryError: [true, null],
    },
  },
  {
    name: "syncMirror",
    call: syncMirror,
    invalid: {
      ...CONNECTION,
      logDirs: ["dir", [5], null, ["https://host/mirror"], [""]],
      dryRun: ["yes", null],
      retryRejected: [1, null],
      adopt: ["all", null],
      onProgress: [true, null],
      signal: WAIT.signal,
      offline: [true],
      logDir: ["dir"],
    },
  },
  { name: "LocalExperimentStore", call: (root) => new LocalExperimentStore(root), invalid: {} },
  {
    name: "LocalExperimentStore logger",
    call: (logger) => new LocalExperimentStore(temporaryFolder(), logger),
    invalid: {},
  },
  ...readerDoors(),
  ...clientDoors(),
  ...runDoors(),
];

function readerDoors(): Door[] {
  const local = () => offlineClient().local;
  const range = {
    from: ["1", 1.5, Number.NaN, Number.NEGATIVE_INFINITY, null, 3n],
    to: ["1", 1.5, Number.NaN, Number.POSITIVE_INFINITY, null, 3n],
    last: ["yes", 1, null],
  };
  const series = [5, null, [], [5], { name: "loss" }];
  return [
    {
      name: "LocalExperimentStore.metrics",
      call: (options) => local().metrics("r", options),
      invalid: { ...range, series, split: ["validation", 1, null, ["train"]] },
    },
    {
      name: "LocalExperimentStore.evals",
      call: (options) => local().evals("r", options),
      invalid: { ...range, series, split: ["train"] },
    },
    {
      name: "LocalExperimentStore.checkpoints",
      call: (options) => local().checkpoints("r", options),
      invalid: { ...range, split: ["train"], series: ["loss"] },
    },
    {
      name: "LocalExperimentStore.predictions",
      call: (options) => local().predictions("r", options),
      invalid: { ...range, split: ["train"], series: ["loss"] },
    },
  ];
}

function clientDoors(): Door[] {
  const client = () => offlineClient();
  const call = (name: string, method: (options: never) => unknown): Door => ({
    name: `DashboardClient.${name}`,
    call: method,
    invalid: CALL,
  });
  const started = { experiment_name: "x" };
  return [
    call("createExperiment", (options) => client().createExperiment({ experiment_name: "x" }, options)),
    call("updateExperiment", (options) => client().updateExperiment("e", { plan: "p" }, options)),
    call("createRun", (options) => client().createRun({ experiment_id: "e" }, options)),
    call("updateRun", (options) => client().updateRun("r", { gpu: "H100" }, options)),
    call("logStepMetric", (options) => client().logStepMetric("r", { step: 1, loss: 1 }, options)),
    call("createEval", (options) => client().createEval("r", EVAL, options)),
    call("addCheckpoint", (options) => client().addCheckpoint("r", { uri: "u" }, options)),
    call("logPredictions", (options) => client().logPredictions("r", [PREDICTION], options)),
    { name: "DashboardClient.flush", call: (options) => client().flush(options), invalid: WAIT },
    { name: "DashboardClient.close", call: (options) => client().close(options), invalid: WAIT },
    {
      name: "DashboardClient.startRun",
      call: (options) => client().startRun(merged(options, started)),
      invalid: RUN,
    },
    {
      name: "DashboardClient.withRun",
      call: (options) => client().withRun(merged(options, started), () => {}),
      invalid: RUN,
    },
  ];
}

function runDoors(): Door[] {
  const run = () => offlineClient().startRun({ experiment_name: "x" });
  const call = (name: string, method: (run: main.ExperimentRun, options: never) => unknown): Door => ({
    name: `ExperimentRun.${name}`,
    call: async (options) => method(await run(), options),
    invalid: CALL,
  });
  return [
    { ...call("logStep", (r, options) => r.logStep({ loss: 1 }, options)), otherwise: [null] },
    call("logEval", (r, options) => r.logEval(EVAL, options)),
    call("addCheckpoint", (r, options) => r.addCheckpoint({ uri: "u" }, options)),
    call("logPredictions", (r, options) => r.logPredictions([PREDICTION], options)),
    call("updateRun", (r, options) => r.updateRun({ gpu: "H100" }, options)),
    call("updateExperiment", (r, options) => r.updateExperiment({ plan: "p" }, options)),
    call("complete", (r, options) => r.complete(options)),
    call("cancel", (r, options) => r.cancel("enough", options)),
    call("fail", (r, options) => r.fail(new Error("no"), options)),
    { ...call("setBestScore", (r, options) => r.setBestScore(1, options)), invalid: { mode: ["highest", null, 1] } },
  ];
}

/** Options with the fields that a run needs; any other value as it is. */
function merged(options: unknown, fields: object): never {
  const isPlain =
    typeof options === "object" && options !== null && Object.getPrototypeOf(options) === Object.prototype;
  return wrong(isPlain ? { ...fields, ...options } : options);
}

const NO_OPTIONS: readonly (readonly [preview: string, unknown])[] = [
  ["5000", 5000],
  ["NaN", Number.NaN],
  ["3n", 3n],
  ["true", true],
  ["null", null],
  ["[1]", [1]],
  ["a function", () => {}],
  ["a Map", new Map([["timeoutMs", 5]])],
  ["a Set", new Set()],
  ["a Date", new Date(0)],
  ["a Promise (did you forget await?)", Promise.resolve({ timeoutMs: 5 })],
];

const strings = new Set(["LocalExperimentStore"]);

describe.each(doors)("$name", ({ name, call, invalid, otherwise = [] }) => {
  const refusal = async (options: unknown): Promise<main.EvsysValidationError> => {
    const error = await failureOf(() => call(wrong(options)));
    expect(error).toBeInstanceOf(EvsysValidationError);
    if (!(error instanceof EvsysValidationError)) throw error;
    expect(new Set(error.issues.map(({ field }) => field)).size).toBe(error.issues.length);
    return error;
  };

  it.each(NO_OPTIONS.filter(([, value]) => !otherwise.includes(value)))(
    "rejects %s as options",
    async (preview, value) => {
      const { message } = await refusal(value);
      expect(message).toMatch(/expected (an object|the path of a folder)|the step goes first|give the split/);
      if (message.includes("expected"))
        expect([preview, "an array"].some((text) => message.includes(`got ${text}`))).toBe(true);
    },
  );

  it.skipIf(strings.has(name))("rejects a string as options", async () => {
    await refusal("text");
  });

  const options = Object.entries(invalid).flatMap(([option, values]) => values.map((value) => ({ option, value })));
  it.each(options)("rejects $option: $value", async ({ option, value }) => {
    const { issues } = await refusal({ [option]: value });
    expect(issues).toHaveLength(1);
    expect(issues[0]?.field.startsWith(option)).toBe(true);
  });

  it.skipIf(/^LocalExperimentStore( logger)?$/.test(name))("rejects an unknown option by its name", async () => {
    expect((await refusal({ timeout: 1 })).message).toMatch(/\btimeout: unknown (field|option)/);
  });
});

describe("the list of functions with options", () => {
  /** Functions that take no options. */
  const without = ["currentRun", "DashboardClient.post", "DashboardClient.status", "ExperimentRun.setConclusion"];
  const readers = ["experiments", "experiment", "runs", "run"];
  const internal = ["prepare", "ids"];

  it("covers all exports", () => {
    const names = new Set(doors.map(({ name }) => name));
    const isError = (value: unknown) => typeof value === "function" && value.prototype instanceof Error;
    for (const [name, value] of Object.entries(main)) {
      if (isError(value)) continue;
      if (name !== "ExperimentRun" && !without.includes(name)) expect(names).toContain(name);
      const known =
        name === "LocalExperimentStore" ? [...readers, ...internal].map((each) => `${name}.${each}`) : without;
      for (const [method, { value: isMethod }] of Object.entries(
        Object.getOwnPropertyDescriptors(value.prototype ?? {}),
      )) {
        if (method === "constructor" || isMethod === undefined) continue;
        if (!known.includes(`${name}.${method}`)) expect(names).toContain(`${name}.${method}`);
      }
    }
    expect(Object.keys(testing).sort()).toEqual(["MockState", "startMockServer"]);
  });
});

describe("the mock server", () => {
  const MESSAGE = /^(startMockServer|failNext): /;
  const server: Readonly<Record<string, readonly unknown[]>> = {
    port: ["x", -1, 65_536, 1.5, null],
    host: [5, "", null],
    apiKey: ["", "two words", 5, null],
    latencyMs: [-1, "5", Number.NaN, 2 ** 31, null],
    honourIdempotencyKeys: ["no", 0, null],
    maxBodyBytes: [-1, "1 MiB", Number.NaN, null],
    state: [{}, null],
    keepRequests: ["no", null],
    onRequest: [true, null],
    timeout: [1],
  };
  const failure: Readonly<Record<string, readonly unknown[]>> = {
    status: ["503", 199, 600, 1.5, Number.NaN, null],
    body: [5, null, true],
    headers: ["retry-after: 1", { "retry-after": 1 }, null],
    hang: ["yes", 1, null],
    reset: ["yes", 1, null],
    times: [0, 1.5, "2", Number.NaN, null],
    match: [3, {}, null],
    afterCommit: ["yes", null],
    timeout: [1],
  };

  it.each([...NO_OPTIONS, ["a string", "text"] as const])("rejects %s as options", async (preview, value) => {
    expect(String(await failureOf(() => testing.startMockServer(wrong(value))))).toContain(
      `expected an object, not ${preview}`,
    );
    await using mock = await testing.startMockServer();
    expect(String(await failureOf(() => mock.failNext(wrong(value))))).toContain(`expected an object, not ${preview}`);
  });

  it("rejects each invalid option by its name", async () => {
    await using mock = await testing.startMockServer();
    expect(String(await failureOf(() => Reflect.apply(mock.failNext, mock, [])))).toContain(
      "expected an object, not undefined",
    );
    for (const [calls, table] of [
      [(options: object) => testing.startMockServer(options), server],
      [(options: object) => mock.failNext({ status: 503, ...options }), failure],
    ] as const) {
      for (const [option, values] of Object.entries(table)) {
        for (const value of values) {
          const error = await failureOf(() => calls({ [option]: value }));
          expect(String(error)).toMatch(/^(TypeError|RangeError): (startMockServer|failNext): /);
          expect(String(error)).toMatch(new RegExp(`: (unknown option )?${option}\\b`));
          expect(Object(error).message).toMatch(MESSAGE);
        }
      }
    }
  });
});

it("an error about a missing key suggests offline mode for a client, but not for a sync", async () => {
  const logDir = temporaryFolder();
  for (const name of ["EVSYS_API_KEY", "EVSYS_PROJECT_ID", "EVSYS_OFFLINE"]) vi.stubEnv(name, "");
  onTestFinished(() => void vi.unstubAllEnvs());
  const sync = String(await failureOf(() => syncMirror({ logDirs: [logDir] })));
  expect(sync).toContain("Missing: the API key");
  expect(sync).not.toMatch(/offline/i);
  expect(String(await failureOf(() => new DashboardClient({ logDir })))).toContain("offline: true");
});

it("no error shows a key that was passed instead of options", async () => {
  for (const call of [
    () => new DashboardClient(wrong(API_KEY)),
    () => syncMirror(wrong(API_KEY)),
    () => testing.startMockServer(wrong(API_KEY)),
  ]) {
    expect(String(await failureOf(call))).not.toContain(API_KEY);
  }
});
