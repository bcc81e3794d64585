import { defineConfig } from "vitest/config";

const FULL = "test/**/*.full.test.ts";
const SEEDS = "test/**/*.seeds.test.ts";
const isLong = process.env.EVSYS_LONG_TESTS !== undefined;

/**
 * `npm test` runs the project "quick": every test file but `*.full.test.ts`. `npm run test:full` runs what that leaves out:
 * `*.full.test.ts`, the tests of types, and more seeds of `*.seeds.test.ts`.
 */
export default defineConfig({
  test: {
    globalSetup: ["test/support/temporary-files.ts", "test/support/build-once.ts", "test/support/pack-once.ts"],
    // A test that needs longer says why. Nothing is retried: a test that fails now and then hides a race.
    testTimeout: 15_000,
    hookTimeout: 15_000,
    // Some of the time goes into waiting for processes and servers.
    maxWorkers: 5,
    projects: [
      {
        extends: true,
        test: {
          name: "quick",
          // Loading the modules again for every file takes longer than most files.
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: [FULL, "**/node_modules/**", ...(isLong ? [SEEDS] : [])],
        },
      },
      {
        extends: true,
        test: {
          name: "full",
          include: [FULL, SEEDS],
          exclude: ["**/node_modules/**"],
          env: { TEST_PROJECT: "full" },
          // Compilers, package managers and browsers take seconds each, and many times that on a busy machine.
          testTimeout: 120_000,
          hookTimeout: 180_000,
          typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "./tsconfig.json" },
        },
      },
    ],
  },
});
