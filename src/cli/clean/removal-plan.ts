import {
  filesOf,
  type InspectedEntity,
  inspectEntity,
  isOurs,
  strangeNames,
  wasBegunByOtherClient,
} from "../../journal/inspect.js";
import type { FolderKind } from "../../store/paths.js";
import { backendIdOf, type EntityCounts, entityCountsIn, entityCountsOf } from "../mirrors/entity-counts.js";
import { nameOf } from "../mirrors/entity-status.js";
import { referenceKey, referencesOfOperations, referencesOfRows } from "../mirrors/references.js";
import { RunParents } from "../mirrors/run-parents.js";

/** A folder that can be removed, as `clean --json` prints it. */
export interface RemovableFolder {
  readonly root: string;
  readonly kind: FolderKind;
  readonly id: string;
  readonly path: string;
  readonly name: string | null;
  readonly lastWriteAt: string;
  readonly writes: number;
  /** How many of the writes are never sent, such as rows without a finite number. */
  readonly notSent: number;
  readonly bytes: number;
}

/** A folder that is kept, and why. */
export interface KeptFolder extends Pick<RemovableFolder, "root" | "kind" | "id" | "path"> {
  readonly reason: string;
}

/** Decides which folders of mirrors can be removed: those that are completely delivered and not needed. */
export class RemovalPlan {
  readonly removable: readonly RemovableFolder[];
  readonly kept: readonly KeptFolder[];
  readonly #before: number;
  readonly #parents: RunParents;
  /** The entities that undelivered writes refer to, whose id mapping must be kept. */
  readonly #named = new Set<string>();

  /** `before`: the latest time of the last write, in milliseconds since the epoch. */
  constructor(roots: readonly string[], before: number) {
    this.#before = before;
    this.#parents = new RunParents(roots);
    const entities = roots.flatMap(entityCountsIn);
    for (const { found, total } of entities) this.#noteNamed(found, total.pending + total.rejected);
    const kept: KeptFolder[] = [];
    const removable: RemovableFolder[] = [];
    const going = new Set<string>();
    // Runs first: an experiment is kept as long as one of its runs.
    for (const kind of ["run", "experiment"] as const) {
      for (const counts of entities.filter(({ found }) => found.kind === kind)) {
        const reason = usageOf(counts) ?? this.#reason(counts, going);
        if (reason === undefined) {
          removable.push(removableOf(counts));
          going.add(counts.found.path);
        } else kept.push({ ...locationOf(counts.found), reason });
      }
    }
    this.removable = removable;
    this.kept = kept;
  }

  /** Checks a locked folder again. Returns why it must be kept, or undefined if it can be removed. */
  reasonToKeep({ root, kind, id }: RemovableFolder): string | undefined {
    return this.#reason(entityCountsOf(inspectEntity(root, kind, id)), new Set());
  }

  #reason(counts: EntityCounts, going: ReadonlySet<string>): string | undefined {
    const { found, total, parked, hasForeignRows, lastWriteAt } = counts;
    const { kind, id, entity } = found;
    if (counts.problem !== undefined) return "unreadable";
    if (!isOurs(found) || entity === undefined) return "written by another client";
    if (total.pending > 0) return "pending writes";
    if (total.rejected > 0) return "rejected writes";
    if (parked !== undefined) return "unknown to the backend";
    if (hasForeignRows || wasBegunByOtherClient(found)) return "foreign rows";
    if (strangeNames(found).length > 0) return "other files";
    if (lastWriteAt === undefined || lastWriteAt > this.#before) return "written recently";
    const backendId = backendIdOf(entity);
    if (kind === "experiment" && this.#parents.include([id, backendId], going)) return "its runs are kept";
    const names = [...(backendId === id ? [] : [referenceKey(kind, id)]), ...keysOfRows(found)];
    if (names.some((name) => this.#named.has(name))) return "undelivered writes refer to it";
    return undefined;
  }

  #noteNamed({ entity }: InspectedEntity, unsettled: number): void {
    if (entity === undefined || unsettled === 0) return;
    for (const key of referencesOfOperations(entity)) this.#named.add(key);
    for (const key of referencesOfRows(entity, true)) this.#named.add(key);
  }
}

function usageOf({ lockOwners: { sender, writers } }: EntityCounts): string | undefined {
  return sender !== undefined || writers.length > 0 ? "in use" : undefined;
}

function keysOfRows({ entity }: InspectedEntity): string[] {
  const ids = [...(entity?.log.state.rowIds.keys() ?? [])];
  return ids.flatMap((id) => [referenceKey("checkpoint", id), referenceKey("eval", id)]);
}

function removableOf({ found, lastWriteAt = 0, total }: EntityCounts): RemovableFolder {
  return {
    ...locationOf(found),
    name: nameOf(found) ?? null,
    lastWriteAt: new Date(lastWriteAt).toISOString(),
    writes: total.delivered + total.skipped,
    notSent: total.skipped,
    bytes: filesOf(found.path).reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function locationOf({ root, kind, id, path }: InspectedEntity): Pick<RemovableFolder, "root" | "kind" | "id" | "path"> {
  return { root, kind, id, path };
}
