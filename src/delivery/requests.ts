import { mayHoldSpelling, wireJson } from "../api/lossless-json.js";
import { type EntityKind, ID_KIND_OF, type OperationName, type StreamName } from "../api/routes.js";
import type { StoredLine } from "../journal/segment.js";
import { writeNameOf } from "../journal/sync-state.js";
import { parseRow, type Row } from "../store/rows.js";
import type { OutgoingRequest } from "./attempt.js";
import type { EntityOutbox } from "./entity-outbox.js";
import type { BatchEntry, Entry, OperationEntry } from "./entry.js";
import { type AwaitedId, outgoing } from "./outgoing.js";

const OPERATION_OF = {
  metrics: "logStepMetric",
  evals: "createEval",
  checkpoints: "addCheckpoint",
  predictions: "logPredictions",
} as const satisfies Record<StreamName, OperationName>;

/** A write that is ready to be sent, and its rows. */
export interface WriteRequest extends OutgoingRequest {
  /** Whether it names entities other than its own. */
  readonly namesOthers: boolean;
  /** The lines of a batch. */
  readonly lines: readonly StoredLine[];
  /** The id of an eval or a checkpoint, which other rows may name. Such a row is never in a batch with others. */
  readonly rowId: { readonly kind: EntityKind; readonly id: string } | undefined;
  /** The number of rows sent. */
  readonly rows: number;
}

/** A request, nothing to send, or nothing until an id is known. */
export type Prepared =
  | { readonly kind: "request"; readonly request: WriteRequest }
  | { readonly kind: "nothing"; readonly lines: readonly StoredLine[] }
  | { readonly kind: "waits"; readonly waitsFor: AwaitedId };

/** The request of an entry. The same entry always makes the same request, under the same key. */
export function prepareRequest(outbox: EntityOutbox, entry: Entry): Prepared {
  const { kind, id } = outbox.store;
  const backendId = outbox.backendId;
  if (backendId === undefined && entry.kind !== "create") return { kind: "waits", waitsFor: { kind, id } };
  // A computed field name would take a microsecond of each request.
  const own = kind === "run" ? { run_id: backendId } : { experiment_id: backendId };
  const ids = entry.kind === "create" ? {} : own;
  return entry.kind === "batch" ? batchRequest(outbox, entry, ids) : operationRequest(outbox, entry, ids);
}

function operationRequest(outbox: EntityOutbox, { operation }: OperationEntry, ids: OutgoingRequest["ids"]): Prepared {
  const name = writeNameOf(outbox.store.kind, operation);
  const fields = "create" in operation ? withProject(outbox, operation.create) : operation.patch;
  const made = outgoing(name, fields, outbox.sender.ids);
  if ("waitsFor" in made) return { kind: "waits", waitsFor: made.waitsFor };
  const body = wireJson(made.body);
  const { namesOthers } = made;
  return {
    kind: "request",
    request: { name, ids, body, key: operation.key, namesOthers, lines: [], rowId: undefined, rows: 1 },
  };
}

/** The mirror's own project takes precedence over the client's. */
function withProject({ store, sender }: EntityOutbox, fields: Row): Row {
  const { projectId } = sender.config;
  if (store.kind === "run" || projectId === undefined || fields.project_id !== undefined) return fields;
  return { ...fields, project_id: projectId };
}

function batchRequest(outbox: EntityOutbox, entry: BatchEntry, ids: OutgoingRequest["ids"]): Prepared {
  const { segment } = entry.stream;
  const { stream } = segment;
  const name = OPERATION_OF[stream];
  const key = `${entry.session.nonce}:${stream}:${entry.start}-${entry.end}`;
  const lines = entry.stream.linesOf(entry);
  const [line] = lines;
  if (stream === "metrics" && line !== undefined && lines.length === 1 && isWireForm(line.text)) {
    return {
      kind: "request",
      request: { name, ids, body: line.text, key, namesOthers: false, lines, rowId: undefined, rows: 1 },
    };
  }
  const rows = lines.map(({ text }) => parseRow(text)).filter((row) => row !== undefined);
  const [row] = rows;
  if (row === undefined) return { kind: "nothing", lines };
  const made = outgoing(
    name,
    stream === "predictions" ? { predictions: rows } : withoutId(stream, row),
    outbox.sender.ids,
  );
  if ("waitsFor" in made) return { kind: "waits", waitsFor: made.waitsFor };
  if (stream === "metrics" && Object.keys(Object(made.body.metrics)).length === 0) return { kind: "nothing", lines };
  const named = ID_KIND_OF[stream];
  const rowId = named !== undefined && typeof row.id === "string" ? { kind: named, id: row.id } : undefined;
  const { namesOthers } = made;
  const body = wireJson(made.body);
  return { kind: "request", request: { name, ids, body, key, namesOthers, lines, rowId, rows: rows.length } };
}

/**
 * Whether a line of metrics is the body of its request: complete, as this package writes it, with finite numbers only. Such
 * a line need not be parsed.
 */
function isWireForm(text: string): boolean {
  return text.startsWith('{"step":') && text.endsWith("}}") && !text.endsWith("{}}") && !mayHoldSpelling(text);
}

/** The id of an eval or a checkpoint is not sent: the backend assigns its own. */
function withoutId(stream: StreamName, row: Row): Row {
  if (ID_KIND_OF[stream] === undefined) return row;
  const { id: _, ...body } = row;
  return body;
}
