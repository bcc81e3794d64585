import { resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DashboardClient, type DashboardClientOptions, EvsysAuthError, EvsysValidationError } from "../../src/index.js";
import { failureOf, wrong } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";

const VARIABLES = [
  "EVSYS_API_URL",
  "EVSYS_API_KEY",
  "EVSYS_PROJECT_ID",
  "EVSYS_LOG_DIR",
  "EVSYS_OFFLINE",
  "EVSYS_LOGGING_LEVEL",
] as const;

beforeEach(() => {
  for (const name of VARIABLES) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const settings: {
  variable: (typeof VARIABLES)[number];
  fromVariable: string;
  option: DashboardClientOptions;
  fromOption: string;
  byDefault: string | undefined;
  read: (client: DashboardClient) => string | undefined;
}[] = [
  {
    variable: "EVSYS_API_URL",
    fromVariable: "http://variable:1",
    option: { baseUrl: "http://option:2" },
    fromOption: "http://option:2",
    byDefault: "http://localhost:8000",
    read: (client) => client.baseUrl,
  },
  {
    variable: "EVSYS_API_KEY",
    fromVariable: "variable-key",
    option: { apiKey: "option-key" },
    fromOption: "option-key",
    byDefault: undefined,
    read: (client) => client.apiKey,
  },
  {
    variable: "EVSYS_PROJECT_ID",
    fromVariable: "variable-project",
    option: { projectId: "option-project" },
    fromOption: "option-project",
    byDefault: undefined,
    read: (client) => client.projectId,
  },
  {
    variable: "EVSYS_LOG_DIR",
    fromVariable: "/variable/mirror",
    option: { logDir: "/option/mirror" },
    fromOption: "/option/mirror",
    byDefault: resolve("evsys_sdk"),
    read: (client) => client.local.root,
  },
];

describe.each(settings)("$variable", ({ variable, fromVariable, option, fromOption, byDefault, read }) => {
  it("yields to the option and overrides the default", () => {
    vi.stubEnv(variable, fromVariable);
    expect(read(new DashboardClient({ offline: true, ...option }))).toBe(fromOption);
    expect(read(new DashboardClient({ offline: true }))).toBe(fromVariable);
    vi.stubEnv(variable, undefined);
    expect(read(new DashboardClient({ offline: true, ...option }))).toBe(fromOption);
    expect(read(new DashboardClient({ offline: true }))).toBe(byDefault);
  });

  it.each(["", "   ", "\t\n"])("counts as unset if it is %j", (blank) => {
    vi.stubEnv(variable, blank);
    expect(read(new DashboardClient({ offline: true }))).toBe(byDefault);
  });
});

describe("EVSYS_OFFLINE", () => {
  it.each(["1", "true", "yes", "on", "TRUE", "Yes", "oN", "  true  "])("%j makes the client offline", (value) => {
    vi.stubEnv("EVSYS_OFFLINE", value);
    expect(new DashboardClient()).toMatchObject({ offline: true });
    expect(new DashboardClient().status().remote).toBe("offline");
  });

  it.each(["0", "false", "no", "off", "OFF", "", "  "])("%j leaves the client online", (value) => {
    vi.stubEnv("EVSYS_OFFLINE", value);
    const client = new DashboardClient({ apiKey: "k", projectId: "p" });
    expect(client.offline).toBe(false);
    expect(client.status().remote).toBe("up");
  });

  it("yields to the option in both directions", () => {
    vi.stubEnv("EVSYS_OFFLINE", "1");
    expect(new DashboardClient({ offline: false, apiKey: "k", projectId: "p" }).offline).toBe(false);
    vi.stubEnv("EVSYS_OFFLINE", "0");
    expect(new DashboardClient({ offline: true }).offline).toBe(true);
  });
});

describe("EVSYS_LOGGING_LEVEL", () => {
  /** Whether a client announces the NaN it is given, which is a matter of the level WARNING. */
  async function warns(options: DashboardClientOptions = {}): Promise<boolean> {
    const logger = recordingLogger();
    const client = new DashboardClient({ offline: true, logDir: temporaryFolder(), logger, ...options });
    await client.logStepMetric("run", { step: 1, loss: Number.NaN });
    await client.close();
    return logger.of("warn").some((line) => line.includes("loss"));
  }

  it.each(["DEBUG", "info", "Warning", " WARNING ", "", "  "])("%j shows warnings", async (level) => {
    vi.stubEnv("EVSYS_LOGGING_LEVEL", level);
    expect(await warns()).toBe(true);
  });

  it.each(["ERROR", "critical", "Error"])("%j hides warnings", async (level) => {
    vi.stubEnv("EVSYS_LOGGING_LEVEL", level);
    expect(await warns()).toBe(false);
  });

  it("yields to the option, in upper or lower case", async () => {
    vi.stubEnv("EVSYS_LOGGING_LEVEL", "ERROR");
    expect(await warns({ logLevel: "debug" })).toBe(true);
    vi.stubEnv("EVSYS_LOGGING_LEVEL", "DEBUG");
    expect(await warns({ logLevel: "CRITICAL" })).toBe(false);
    expect(await warns({ logLevel: wrong("eRRoR") })).toBe(false);
  });

  it("is rejected with the name of the option or variable if it is invalid", async () => {
    vi.stubEnv("EVSYS_LOGGING_LEVEL", "LOUD");
    const fromVariable = await failureOf(() => new DashboardClient({ offline: true }));
    expect(fromVariable).toBeInstanceOf(EvsysValidationError);
    expect(fromVariable).toMatchObject({ issues: [{ field: "EVSYS_LOGGING_LEVEL" }] });
    expect(String(fromVariable)).toContain("LOUD");
    expect(String(fromVariable)).toContain("DEBUG, INFO, WARNING, ERROR, CRITICAL");
    const fromOption = await failureOf(() => new DashboardClient({ offline: true, logLevel: wrong("TRACE") }));
    expect(fromOption).toMatchObject({ issues: [{ field: "logLevel" }] });
    expect(String(fromOption)).toContain("TRACE");
  });
});

describe("the base URL", () => {
  it.each([
    ["http://host:1/", "http://host:1"],
    ["http://host:1///", "http://host:1"],
    ["https://host/base/path/", "https://host/base/path"],
  ])("%s loses its trailing slashes", (given, kept) => {
    expect(new DashboardClient({ offline: true, baseUrl: given }).baseUrl).toBe(kept);
    vi.stubEnv("EVSYS_API_URL", given);
    expect(new DashboardClient({ offline: true }).baseUrl).toBe(kept);
  });

  it.each(["not a url", "host", "localhost:8000", "ftp://host", "http://", "http://host:port"])(
    "%j is rejected with the name of the option or variable",
    async (text) => {
      vi.stubEnv("EVSYS_API_URL", text);
      const fromVariable = await failureOf(() => new DashboardClient({ offline: true }));
      expect(fromVariable).toBeInstanceOf(EvsysValidationError);
      expect(fromVariable).toMatchObject({ issues: [{ field: "EVSYS_API_URL" }] });
      expect(String(fromVariable)).toContain(text);
      const fromOption = await failureOf(() => new DashboardClient({ offline: true, baseUrl: text }));
      expect(fromOption).toMatchObject({ name: "EvsysValidationError", issues: [{ field: "baseUrl" }] });
    },
  );
});

describe("credentials", () => {
  const key = { apiKey: "k" };
  const project = { projectId: "p" };

  it.each([
    { given: project, missing: "EVSYS_API_KEY", there: "EVSYS_PROJECT_ID" },
    { given: key, missing: "EVSYS_PROJECT_ID", there: "EVSYS_API_KEY" },
  ])("are reported with a hint if only $missing is missing", async ({ given, missing, there }) => {
    const error = await failureOf(() => new DashboardClient(given));
    expect(error).toBeInstanceOf(EvsysAuthError);
    expect(String(error)).toContain(missing);
    expect(String(error)).not.toContain(there);
    expect(String(error)).toContain("EVSYS_OFFLINE=1");
  });

  it("are both reported if both are missing", async () => {
    const error = await failureOf(() => new DashboardClient());
    expect(error).toMatchObject({ name: "EvsysAuthError", message: expect.stringContaining("EVSYS_API_KEY") });
    expect(String(error)).toContain("EVSYS_PROJECT_ID");
  });

  it("are not required offline", () => {
    expect(new DashboardClient({ offline: true })).toMatchObject({ apiKey: undefined, projectId: undefined });
  });
});
