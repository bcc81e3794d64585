import * as z from "zod";
import type { StreamName } from "../api/routes.js";

/** The streams by the letter that stands for them in acknowledgements. */
export const STREAM_OF_LETTER = { m: "metrics", e: "evals", c: "checkpoints", p: "predictions" } as const;
const LETTER_OF_STREAM = { metrics: "m", evals: "e", checkpoints: "c", predictions: "p" } as const;

/** The letter of a stream. */
export function letterOf(stream: StreamName): keyof typeof STREAM_OF_LETTER {
  return LETTER_OF_STREAM[stream];
}

const offsets = z.object({ metrics: z.int(), evals: z.int(), checkpoints: z.int(), predictions: z.int() });
const letter = z.enum(["m", "e", "c", "p"]);
const fields = z.record(z.string(), z.unknown());

/** A place in each stream of a run, in bytes. */
export type Offsets = z.output<typeof offsets>;

/**
 * A writer began to append: rows from here on carry this nonce in their keys. `after`: where its own rows had ended, so
 * that what lies between is another client's. `made`: it began by making the entity.
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
 * The entity was made. `id` stands where the backend made it; without it the folder's name is an id made offline.
 * `ownsExperiment`: the run began with its experiment, and ends it.
 */
const createLine = z.object({
  key: z.string(),
  at: z.number(),
  create: fields,
  id: z.string().optional(),
  ownsExperiment: z.literal(true).optional(),
});
/** Fields were laid over the entity. */
const patchLine = z.object({ key: z.string(), at: z.number(), patch: fields });

/** Rows that one call appended within a session and that go out together, under one key. */
const callLine = z.object({ call: z.tuple([letter, z.int(), z.int()]), within: z.string() });

/** A line of the ops log: what was written, in the order it was written. */
export const opsLine = z.union([sessionLine, createLine, patchLine, callLine]);
export type CreateLine = z.output<typeof createLine>;
export type PatchLine = z.output<typeof patchLine>;
export type OpsLine = z.output<typeof opsLine>;

const refusal = z.object({ status: z.int(), reason: z.string(), at: z.number(), body: z.unknown().optional() });
/** What the backend said to a write it does not want. */
export type Refusal = z.output<typeof refusal>;

/** Session ordinal, stream, start, end, rows delivered, lines skipped: this stretch is done with. */
const doneLine = z.tuple([z.int(), letter, z.int(), z.int(), z.int(), z.int()]);
/** Gives a session its ordinal in this file. */
const knownSessionLine = z.object({
  ordinal: z.int(),
  session: z.string(),
  slot: z.int(),
  at: z.number(),
  from: offsets,
  until: offsets.optional(),
});
export type KnownSessionLine = z.output<typeof knownSessionLine>;
/** The stretch is a batch of its own, being part of a call that was too large for the backend. */
const batchLine = z.object({ batch: z.tuple([z.int(), letter, z.int(), z.int()]) });
/** A create or a patch was delivered; `id` is the backend's, for a create. */
const deliveredOpLine = z.object({ op: z.string(), id: z.string().optional() });
const refusedOpLine = z.object({ refusedOp: z.string(), refusal });
const refusedRowsLine = z.object({ refusedRows: z.tuple([z.int(), letter, z.int(), z.int(), z.int()]), refusal });
/** A row's own id, and the backend's for it. */
const mappedRowLine = z.object({ row: z.string(), id: z.string() });
/** The backend does not know the entity: nothing of this folder is sent until it does. */
const parkedLine = z.object({ parked: refusal.nullable() });

/** A line of the acknowledgement log: what became of what was written. */
export const acksLine = z.union([
  doneLine,
  knownSessionLine,
  batchLine,
  deliveredOpLine,
  refusedOpLine,
  refusedRowsLine,
  mappedRowLine,
  parkedLine,
]);
export type AcksLine = z.output<typeof acksLine>;
