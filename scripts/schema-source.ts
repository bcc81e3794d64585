import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse, stringify } from "yaml";
import { SchemaError } from "./schema-error.js";

const FETCH_TIMEOUT_MS = 30_000;

/**
 * The text of an OpenAPI 3.1 document, in YAML. One in JSON, which is what most backends publish, is rewritten.
 * @throws SchemaError where there is none.
 */
export async function readDocument(source: string): Promise<string> {
  const text = /^https?:\/\//i.test(source) ? await download(source) : await readLocal(source);
  const document = parsed(source, text);
  const version = isObject(document) ? Reflect.get(document, "openapi") : undefined;
  if (typeof version !== "string") {
    throw new SchemaError(
      `${source} is no OpenAPI document: it does not begin with an \`openapi\` version. Give the backend's own.`,
    );
  }
  if (!version.startsWith("3.1.")) {
    throw new SchemaError(`${source} is OpenAPI ${version}, and this project reads 3.1. Convert the document first.`);
  }
  return text.trimStart().startsWith("{") ? stringify(document, { lineWidth: 120 }) : text;
}

async function readLocal(source: string): Promise<string> {
  // npm runs its scripts in the project's folder; a path is meant from where npm was called.
  const path = resolve(process.env.INIT_CWD ?? "", source);
  return readFile(path, "utf8").catch((error: unknown) => {
    throw new SchemaError(`${path} cannot be read: ${messageOf(error)}. Check the path.`);
  });
}

async function download(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answers ${response.status} ${response.statusText}`);
    return await response.text();
  } catch (error) {
    throw new SchemaError(
      `${url} cannot be fetched: ${messageOf(error)}. Check the URL, or save the document as a file.`,
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

/** What `fetch` says is in the cause of its error; what YAML says has the lines beside it. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
