import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/folders.js";
import { documentFile, newerDocument, schemaDiff, set } from "../support/project-copy.js";
import { always, deadServer, rawServer } from "../support/servers.js";

describe("npm run schema:diff with a schema that cannot be compared", () => {
  const unreadable: readonly (readonly [string, () => string | Promise<string>, RegExp])[] = [
    [
      "a file that is not there",
      () => "no/such/file.yaml",
      /no\/such\/file\.yaml cannot be read: ENOENT.*Check the path\./,
    ],
    ["a folder", temporaryFolder, /cannot be read: EISDIR/],
    ["what is no YAML", () => documentFile("a: ["), /newer\.yaml is neither YAML nor JSON: .*line 1/],
    ["a web page", () => documentFile("<html><body>Sign in</body></html>"), /is not an OpenAPI schema/],
    ["an empty file", () => documentFile(""), /is not an OpenAPI schema/],
    [
      "an older OpenAPI",
      () => documentFile(newerDocument(set(" openapi", "3.0.3"))),
      /is OpenAPI 3\.0\.3, and this project supports 3\.1/,
    ],
    [
      "a reference to nothing",
      () => documentFile(newerDocument(set("StepMetric properties split $ref", "#/components/schemas/Part"))),
      /newer\.yaml cannot be compared with .*\n\n.*newer\.yaml:\d+:\d+ .*\n\nCan't resolve \$ref/,
    ],
    [
      "a URL where nothing listens",
      async () => `${(await deadServer()).url}/openapi.json`,
      /openapi\.json cannot be fetched: .*ECONNREFUSED.*Check the URL, or save the schema as a file\./,
    ],
    [
      "a URL that is not found",
      async () => `${(await rawServer(always(404, "no"))).url}/openapi.json`,
      /cannot be fetched: HTTP 404 Not Found\./,
    ],
  ];

  it.each(unreadable)("reports %s, and exits with 3", async (_, source, message) => {
    const { code, stdout, stderr } = await schemaDiff(await source());
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).not.toMatch(/^ +at |evsys-schema-|Node\.js/m);
  });

  it.each([[[]], [["one.yaml", "two.yaml"]]])("requires one file or URL, and was given %j", async (args) => {
    const { code, stderr } = await schemaDiff(...args);
    expect(code).toBe(3);
    expect(stderr).toContain("Give one file or URL.");
    expect(stderr).toContain("npm run schema:diff -- FILE_OR_URL");
  });
});
