import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/build-once.ts", "test/support/pack-once.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A gate on a busy machine may starve a process that a test waits for; a real fault fails each time.
    retry: process.env.CI === undefined ? 0 : 2,
    // Most of the time goes into waiting for processes and servers, not into computing.
    maxWorkers: 4,
    typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "./tsconfig.json" },
  },
});
