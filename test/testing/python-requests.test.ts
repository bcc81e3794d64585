import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { API_KEY, mockServer } from "../support/clients.js";
import { DOCUMENT, OPERATIONS, resolved, validatorOf } from "../support/document.js";
import { REPOSITORY } from "../support/folders.js";
import { PREFIX } from "../support/prism.js";

/** Bodies as Python's json.dumps writes them, to the byte: a space after a comma, 1.0 and 1e-05, escapes beyond ASCII. */
const FIXTURES = join(REPOSITORY, "test", "fixtures", "python-requests");
const text = (name: string): string => readFileSync(join(FIXTURES, name), "utf8");

/** What the two usual libraries put into the head, beside the key, the host and the length. */
const HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(text("headers.json"));

interface Sent {
  readonly status: number;
  readonly body: unknown;
}

function send(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const all = { ...headers, Authorization: `Bearer ${API_KEY}`, "Content-Length": Buffer.byteLength(body) };
    const outgoing = request(url, { method: "POST", headers: all }, async (incoming) => {
      const pieces: Buffer[] = [];
      for await (const piece of incoming) pieces.push(piece);
      resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(Buffer.concat(pieces).toString("utf8")) });
    });
    outgoing.on("error", reject).end(body);
  });
}

/** A backend that has an experiment and a run, and a way to put their ids in place of their names. */
async function backend() {
  const server = await mockServer();
  const { id: experimentId } = server.state.addExperiment({ experiment_name: "x" });
  const { id: runId } = server.state.addRun({ experiment_id: experimentId });
  const named = (each: string) => each.replace("{experiment_id}", experimentId).replace("{run_id}", runId);
  return { server, named };
}

const calls = OPERATIONS.flatMap((operation) =>
  ["minimal", "full"].flatMap((fields) => Object.keys(HEADERS).map((library) => ({ ...operation, fields, library }))),
);

describe("the recorded requests of a Python client", () => {
  it("exist for each route, with the minimal and with all fields", () => {
    const names = OPERATIONS.flatMap(({ name }) => [`${name}.full.body`, `${name}.minimal.body`]);
    expect(readdirSync(FIXTURES).sort()).toEqual([...names, "headers.json"].sort());
    for (const { name, request: schema } of OPERATIONS) {
      const { properties = {}, required = [] } = resolved(schema);
      const keys = (fields: string) => Object.keys(JSON.parse(text(`${name}.${fields}.body`)));
      expect(keys("full"), name).toEqual(expect.arrayContaining(Object.keys(properties)));
      expect(keys("minimal"), name).toEqual(expect.arrayContaining([...required]));
    }
  });

  it("contain the Python client's own defaults", () => {
    expect(JSON.parse(text("createRun.minimal.body"))).toMatchObject({ status: "pending" });
    expect(JSON.parse(text("addCheckpoint.minimal.body"))).toMatchObject({ is_final: false });
    expect(JSON.parse(text("logStepMetric.minimal.body"))).toMatchObject({ split: "train" });
  });

  it.each(calls)("are accepted by the mock server: $name, $fields, by $library", async (call) => {
    const { name, fields, library, request: bodySchema, response: responseSchema } = call;
    const { server, named } = await backend();
    const [path = ""] = Object.entries(DOCUMENT.paths).find(([, { post }]) => post.operationId === name) ?? [];
    const body = named(text(`${name}.${fields}.body`));
    expect(validatorOf(bodySchema)(JSON.parse(body))).toBe(true);

    const { status, body: received } = await send(`${server.url}${PREFIX}${named(path)}`, body, HEADERS[library] ?? {});
    expect(Math.floor(status / 100), JSON.stringify(received)).toBe(2);
    expect(validatorOf(responseSchema)(received)).toBe(true);
    expect(server.requests).toMatchObject([{ path: named(path), body: JSON.parse(body), committed: true }]);
    expect(Object.keys(server.requests[0]?.headers ?? {})).not.toContain("idempotency-key");
  });

  it("are stored by the mock server with the values that were sent", async () => {
    const { server, named } = await backend();
    const path = `${server.url}${PREFIX}${named("/sdk/runs/{run_id}/predictions/")}`;
    await send(path, text("logPredictions.full.body"), HEADERS.requests ?? {});
    const sent = JSON.parse(text("logPredictions.full.body")).predictions;
    expect(server.predictions).toEqual(sent.map((each: object) => ({ run_id: named("{run_id}"), ...each })));
    expect(server.predictions[0]?.instruction).toBe("Wie groß? 🌱");
  });

  it("omit None: a null is rejected with the field's name", async () => {
    const { server, named } = await backend();
    const body = named('{"experiment_id": "{experiment_id}", "status": "pending", "seed": null}');
    const { status, body: received } = await send(`${server.url}${PREFIX}/sdk/runs/`, body, HEADERS.requests ?? {});
    expect({ status, received }).toMatchObject({ status: 400, received: { detail: expect.stringContaining("seed") } });
    expect(server.runs).toHaveLength(1);
  });
});
