import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readDocument } from "../../src/store/document.js";
import { type DocumentChange, DocumentWriter } from "../../src/store/document-writer.js";
import { program } from "../support/children.js";
import { temporaryFolder } from "../support/folders.js";

const LARGE = { config: { text: "x".repeat(4_000_000) } };

function opened(history: DocumentChange[] = []) {
  const path = join(temporaryFolder(), "generations", "r", "generation.json");
  mkdirSync(dirname(path), { recursive: true });
  const warnings: string[] = [];
  const policy = { fsync: "never", root: path, warn: (message: string) => warnings.push(message) } as const;
  const writer = new DocumentWriter(path, "r", policy, () => history);
  onTestFinished(() => writer.close());
  const merge = (change: DocumentChange): void => {
    history.push(change);
    writer.merge([change]);
  };
  return { path, writer, merge, warnings, text: () => readFileSync(path, "utf8") };
}

describe("a document", () => {
  it("has the last value of every field that was set, in the format of the Python client", () => {
    const { merge, text } = opened();
    merge({ at: 1, create: { seed: 1, status: "pending" } });
    merge({
      at: 2,
      patch: { status: "running", id: "other", _created_at: 9, ["__proto__"]: { a: 1 }, big: 2n ** 64n },
    });
    expect(text().replace(/\s/g, "")).toBe(
      '{"id":"r","_created_at":1,"seed":1,"status":"running","__proto__":{"a":1},"big":18446744073709551616,"_updated_at":2}',
    );
  });

  it("keeps changes that another client made", () => {
    const { merge, path, text } = opened();
    merge({ at: 1, create: { seed: 1 } });
    writeFileSync(path, text().replace('"seed": 1', '"seed": 2, "group": "g"'));
    merge({ at: 2, patch: { status: "running" } });
    expect(readDocument(path)).toEqual({
      id: "r",
      _created_at: 1,
      seed: 2,
      group: "g",
      status: "running",
      _updated_at: 2,
    });
  });

  it("includes changes that a killed process left only in the ops log", () => {
    const history: DocumentChange[] = [{ at: 1, create: { seed: 1 } }];
    const { merge, writer, path } = opened(history);
    merge({ at: 2, patch: { a: 2 } });
    history.push({ at: 3, patch: { a: 3 } });
    writer.repair();
    expect(readDocument(path)).toMatchObject({ a: 3, _updated_at: 3 });
  });
});

describe("a damaged document", () => {
  it.each(["", '{"id": "r", "run_con', "[]", "null"])(
    "of %j is rebuilt from the ops log, with one warning",
    (damaged) => {
      const { merge, writer, path, warnings } = opened();
      merge({ at: 1, create: { seed: 1 } });
      merge({ at: 2, patch: { status: "running" } });
      writeFileSync(path, damaged);
      writer.repair();
      writer.repair();
      merge({ at: 3, patch: { status: "failed" } });
      expect(readDocument(path)).toEqual({ id: "r", _created_at: 1, seed: 1, status: "failed", _updated_at: 3 });
      expect(warnings).toEqual([expect.stringMatching(/generation\.json.+ Rebuilt it from the ops log\./)]);
      const [aside, ...others] = readdirSync(dirname(path)).filter((name) => name.startsWith("generation.json."));
      expect(others).toEqual([]);
      if (damaged === "") expect(aside).toBeUndefined();
      else expect(readFileSync(join(dirname(path), String(aside)), "utf8")).toBe(damaged);
    },
  );

  it("of another client is set aside, and a new one is built from the ops log", () => {
    const { merge, path, warnings } = opened();
    writeFileSync(path, "{");
    merge({ at: 2, patch: { status: "running" } });
    expect(readDocument(path)).toEqual({ id: "r", _created_at: 2, status: "running", _updated_at: 2 });
    expect(warnings).toEqual([
      expect.stringMatching(/Started a new one.+ The damaged file is kept as \S+\.damaged-\d+\.$/),
    ]);
  });
});

describe("a document that cannot be read or written", () => {
  it("is reported once, and has all its changes when it can be written again", () => {
    const { merge, path, writer, warnings } = opened();
    mkdirSync(path);
    merge({ at: 1, create: { seed: 1 } });
    merge({ at: 2, patch: { status: "running" } });
    writer.repair();
    expect(warnings).toEqual([expect.stringMatching(/^Cannot read the document \(.+generation\.json\): .*EISDIR/)]);
    expect(() => writer.load()).toThrow(expect.objectContaining({ name: "MirrorError", path }));
    rmSync(path, { recursive: true });
    writer.repair();
    expect(readDocument(path)).toMatchObject({ seed: 1, status: "running" });
  });
});

describe("a large document", () => {
  it("is not rewritten for each change, and has all of them when this process reads it or closes it", () => {
    const { merge, path, writer, text } = opened();
    merge({ at: 1, create: LARGE });
    expect(text()).toContain(LARGE.config.text);
    merge({ at: 2, patch: { step: 2 } });
    expect(text()).not.toContain('"step"');
    expect(readDocument(path)).toMatchObject({ step: 2 });
    merge({ at: 3, patch: { step: 3 } });
    expect(text()).toContain('"step": 2');
    writer.close();
    expect(text()).toContain('"step": 3');
  });

  it("keeps changes that another client makes before it is written", () => {
    const { merge, path, writer, text } = opened();
    merge({ at: 1, create: LARGE });
    merge({ at: 2, patch: { step: 2 } });
    writeFileSync(path, text().replace("{", '{"group":"g",'));
    writer.flush();
    expect(readDocument(path)).toMatchObject({ group: "g", step: 2 });
  });

  it("is written when the process exits", async () => {
    const path = join(temporaryFolder(), "generation.json");
    const { code, stderr, stdout } = await program("defer-document.ts", [path]).ended;
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: "deferred" });
    expect(readDocument(path)).toMatchObject({ step: 2 });
  });

  it("does not recreate a deleted folder", () => {
    const { merge, path, writer } = opened();
    merge({ at: 1, create: LARGE });
    merge({ at: 2, patch: { step: 2 } });
    rmSync(dirname(path), { recursive: true });
    writer.close();
    expect(existsSync(dirname(path))).toBe(false);
  });
});
