import type { Snapshot } from "../api-types.js";
import { snapshotKey } from "../snapshot-key.js";

/** The source of the data: the server, or the self-contained file. */
export interface Source {
  readonly snapshot: Snapshot | undefined;
  /** @throws Error with the server's message. */
  get<Result>(path: string, parameters?: Parameters): Promise<Result>;
}

/** The parameters of a request; an array repeats the parameter. */
export type Parameters = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** The source of this page. */
export function sourceOfPage(): Source {
  const text = document.getElementById("snapshot")?.textContent;
  if (text === undefined || text === null) return { snapshot: undefined, get: fromServer };
  const snapshot: Snapshot = JSON.parse(text);
  return {
    snapshot,
    async get<Result>(path: string, parameters: Parameters = {}): Promise<Result> {
      const response = snapshot.responses[snapshotKey(path, textOf(parameters.run), textOf(parameters.series))];
      if (response === undefined)
        throw new Error("This file does not contain that. Open the mirror with evsys-sdk ui.");
      return response as Result;
    },
  };
}

async function fromServer<Result>(path: string, parameters: Parameters = {}): Promise<Result> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
  }
  const response = await fetch(`/api/${path}?${query}`);
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(errorOf(body) ?? `The viewer returned status ${response.status}.`);
  return body as Result;
}

function errorOf(body: unknown): string | undefined {
  return typeof body === "object" && body !== null && "error" in body ? String(body.error) : undefined;
}

function textOf(value: Parameters[string]): string {
  return value === undefined ? "" : String(value);
}
