import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse, stringify } from "yaml";
import { SchemaError } from "./schema-error.js";

const FETCH_TIMEOUT_MS = 30_000;

/**
 * Reads an OpenAPI 3.1 schema as YAML text. JSON, which most backends publish, is converted.
 * @throws SchemaError if there is none.
 */
export async function readSchema(source: string): Promise<string> {
  const text = /^https?:\/\//i.test(source) ? await download(source) : await readLocal(source);
  const document = parsed(source, text);
  const version = isObject(document) ? Reflect.get(document, "openapi") : undefined;
  if (typeof version !== "string") {
    throw new SchemaError(
      `${source} is not an OpenAPI schema: it does not begin with an \`openapi\` version. Pass the schema of the backend.`,
    );
  }
  if (!version.startsWith("3.1.")) {
    throw new SchemaError(`${source} is OpenAPI ${version}, and this project supports 3.1. Convert the schema first.`);
  }
  return text.trimStart().startsWith("{") ? stringify(document, { lineWidth: 120 }) : text;
}

async function readLocal(source: string): Promise<string> {
  // npm runs its scripts in the project's folder; a path is relative to the folder where npm was called.
  const path = resolve(process.env.INIT_CWD ?? "", source);
  return readFile(path, "utf8").catch((error: unknown) => {
    throw new SchemaError(`${path} cannot be read: ${messageOf(error)}. Check the path.`);
  });
}

async function download(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`);
    return await response.text();
  } catch (error) {
    throw new SchemaError(
      `${url} cannot be fetched: ${messageOf(error)}. Check the URL, or save the schema as a file.`,
    );
  }
}

function parsed(source: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new SchemaError(`${source} is neither YAML nor JSON: ${messageOf(error)}`);
  }
}

/** The message of an error: for `fetch`, the one of its cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
