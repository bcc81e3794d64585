import * as z from "zod";
import { decode } from "../api/lossless-json.js";
import type { StreamName } from "../api/routes.js";

/** The streams by their letter in the acknowledgement log. */
export const STREAM_OF_LETTER = { m: "metrics", e: "evals", c: "checkpoints", p: "predictions" } as const;
const LETTER_OF_STREAM = { metrics: "m", evals: "e", checkpoints: "c", predictions: "p" } as const;

export type StreamLetter = keyof typeof STREAM_OF_LETTER;

export function letterOf(stream: StreamName): StreamLetter {
  return LETTER_OF_STREAM[stream];
}

const offsets = z.object({ metrics: z.int(), evals: z.int(), checkpoints: z.int(), predictions: z.int() });
const letter = z.enum(["m", "e", "c", "p"]);
const fields = z.record(z.string(), z.unknown());

/** A position in each stream of a run, in bytes. */
export type Offsets = z.output<typeof offsets>;

/**
 * A writer starts a session: the keys of its rows from here on contain this nonce. `after`: where its previous rows ended;
 * rows in between are foreign. `made`: the entity is created in this session, offline.
 */
const sessionLine = z.object({
  session: z.string(),
  at: z.number(),
  from: offsets,
  until: offsets.optional(),
  after: offsets.optional(),
  made: z.literal(true).optional(),
});
/**
 * A create. `id` is the backend's id; without it, the folder's name is an id generated offline. `ownsExperiment`: the run was
 * started together with its experiment, and completes it.
 */
const createLine = z.object({
  key: z.string(),
  at: z.number(),
  create: fields,
  id: z.string().optional(),
  ownsExperiment: z.literal(true).optional(),
});
/** A patch of the entity. */
const patchLine = z.object({ key: z.string(), at: z.number(), patch: fields });

/** A batch: rows that one call appended within a session and that are sent together under one key. */
const callLine = z.object({ call: z.tuple([letter, z.int(), z.int()]), within: z.string() });

/** A line of the ops log, which records what was written, in order. */
export const opsLine = z.union([sessionLine, createLine, patchLine, callLine]);
export type CreateLine = z.output<typeof createLine>;
export type PatchLine = z.output<typeof patchLine>;
export type OpsLine = z.output<typeof opsLine>;

const rejection = z.object({ status: z.int(), reason: z.string(), at: z.number(), body: z.unknown().optional() });
/** The backend's response to a write that it rejected. */
export type Rejection = z.output<typeof rejection>;

/** A range is settled: session ordinal, stream, start, end, rows delivered, lines skipped. */
const acknowledgedLine = z.tuple([z.int(), letter, z.int(), z.int(), z.int(), z.int()]);
/** Assigns a session its ordinal in this file. */
const namedSessionLine = z.object({
  ordinal: z.int(),
  session: z.string(),
  slot: z.int(),
  at: z.number(),
  from: offsets,
  until: offsets.optional(),
});
export type NamedSessionLine = z.output<typeof namedSessionLine>;
/** A range is a batch, because the backend rejected the original batch as too large. */
const batchLine = z.object({ batch: z.tuple([z.int(), letter, z.int(), z.int()]) });
/** A create or a patch was delivered; for a create, `id` is the backend's. */
const deliveredOpLine = z.object({ op: z.string(), id: z.string().optional() });
const rejectedOpLine = z.object({ refusedOp: z.string(), refusal: rejection });
const rejectedRowsLine = z.object({
  refusedRows: z.tuple([z.int(), letter, z.int(), z.int(), z.int()]),
  refusal: rejection,
});
/** Maps a row's own id to the backend's. */
const mappedRowLine = z.object({ row: z.string(), id: z.string() });
export type MappedRowLine = z.output<typeof mappedRowLine>;
/** The entity is parked: the backend does not know it, so nothing of this folder is sent until it does. */
const parkedLine = z.object({ parked: rejection.nullable() });

/** A line of the acknowledgement log, which records the outcomes of writes. */
export const acksLine = z.union([
  acknowledgedLine,
  namedSessionLine,
  batchLine,
  deliveredOpLine,
  rejectedOpLine,
  rejectedRowsLine,
  mappedRowLine,
  parkedLine,
]);
export type AcksLine = z.output<typeof acksLine>;

/** A line of a log; undefined if it is damaged, or unknown because a later version wrote it. */
export function parsedLine<Schema extends z.ZodType>(schema: Schema, bytes: Buffer): z.output<Schema> | undefined {
  try {
    return schema.safeParse(decode(bytes.toString("utf8"))).data;
  } catch {
    return undefined;
  }
}
