// The entry point `evsys-sdk/testing`: the mock server for tests of clients.
export type { Failure } from "./failures.js";
export { type MockServer, type MockServerOptions, startMockServer } from "./mock-server.js";
export type { RecordedRequest, RequestEnd } from "./requests.js";
export type { CheckpointRow, EvalRow, ExperimentRow, MetricRow, PredictionRow, RunRow, Status } from "./rows.js";
export { MockState } from "./state.js";
