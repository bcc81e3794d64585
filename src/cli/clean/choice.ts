import { type Found, filesOf, inspectEntity, isBegunElsewhere, isOurs, strangeNames } from "../../journal/inspect.js";
import type { FolderKind } from "../../store/paths.js";
import { backendIdOf, type Standing, standingOf, standingsIn } from "../mirrors/entity-counts.js";
import { nameOf } from "../mirrors/entity-status.js";
import { keyOf, namedByOperations, namedByRows } from "../mirrors/references.js";
import { RunParents } from "../mirrors/run-parents.js";

/** A folder that may be removed, as `clean --json` has it. */
export interface Choice {
  readonly root: string;
  readonly kind: FolderKind;
  readonly id: string;
  readonly path: string;
  readonly name: string | null;
  readonly lastWriteAt: string;
  readonly writes: number;
  /** How many of the writes were never for sending, such as rows without a finite number. */
  readonly notSent: number;
  readonly bytes: number;
}

/** A folder that stays, and why. */
export interface Kept extends Pick<Choice, "root" | "kind" | "id" | "path"> {
  readonly reason: string;
}

/** Decides which folders of mirrors may be removed: those that the backend has all of, and nobody needs. */
export class Chooser {
  readonly removable: readonly Choice[];
  readonly kept: readonly Kept[];
  readonly #before: number;
  readonly #parents: RunParents;
  /** What writes name that are not delivered: its id must stay known. */
  readonly #named = new Set<string>();

  /** `before`: when the last write must have been, at the latest; in milliseconds since the epoch. */
  constructor(roots: readonly string[], before: number) {
    this.#before = before;
    this.#parents = new RunParents(roots);
    const standings = roots.flatMap(standingsIn);
    for (const { found, total } of standings) this.#noteNamed(found, total.pending + total.rejected);
    const kept: Kept[] = [];
    const removable: Choice[] = [];
    const going = new Set<string>();
    // Runs first: an experiment stays as long as one of its runs does.
    for (const kind of ["run", "experiment"] as const) {
      for (const standing of standings.filter(({ found }) => found.kind === kind)) {
        const reason = useOf(standing) ?? this.#reason(standing, going);
        if (reason === undefined) {
          removable.push(choiceOf(standing));
          going.add(standing.found.path);
        } else kept.push({ ...placeOf(standing.found), reason });
      }
    }
    this.removable = removable;
    this.kept = kept;
  }

  /** Why a folder has to stay after all, as it stands now; undefined where it may go. Asked by who has locked it. */
  reasonNow({ root, kind, id }: Choice): string | undefined {
    return this.#reason(standingOf(inspectEntity(root, kind, id)), new Set());
  }

  #reason(standing: Standing, going: ReadonlySet<string>): string | undefined {
    const { found, total, parked, hasForeignRows, lastWriteAt } = standing;
    const { kind, id, entity } = found;
    if (standing.problem !== undefined) return "unreadable";
    if (!isOurs(found) || entity === undefined) return "written by another client";
    if (total.pending > 0) return "something pending";
    if (total.rejected > 0) return "something rejected";
    if (parked !== undefined) return "unknown to the backend";
    if (hasForeignRows || isBegunElsewhere(found)) return "another client's writes in it";
    if (strangeNames(found).length > 0) return "other files in it";
    if (lastWriteAt === undefined || lastWriteAt > this.#before) return "written lately";
    const backendId = backendIdOf(entity);
    if (kind === "experiment" && this.#parents.include([id, backendId], going)) return "runs that stay";
    const names = [...(backendId === id ? [] : [keyOf(kind, id)]), ...rowNames(found)];
    if (names.some((name) => this.#named.has(name))) return "named by writes that are not delivered";
    return undefined;
  }

  #noteNamed({ entity }: Found, unsettled: number): void {
    if (entity === undefined || unsettled === 0) return;
    for (const key of namedByOperations(entity)) this.#named.add(key);
    for (const key of namedByRows(entity, true)) this.#named.add(key);
  }
}

function useOf({ occupants: { sender, writers } }: Standing): string | undefined {
  return sender !== undefined || writers.length > 0 ? "in use" : undefined;
}

function rowNames({ entity }: Found): string[] {
  const ids = [...(entity?.log.state.rowIds.keys() ?? [])];
  return ids.flatMap((id) => [keyOf("checkpoint", id), keyOf("eval", id)]);
}

function choiceOf({ found, lastWriteAt = 0, total }: Standing): Choice {
  return {
    ...placeOf(found),
    name: nameOf(found) ?? null,
    lastWriteAt: new Date(lastWriteAt).toISOString(),
    writes: total.delivered + total.skipped,
    notSent: total.skipped,
    bytes: filesOf(found.path).reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function placeOf({ root, kind, id, path }: Found): Pick<Choice, "root" | "kind" | "id" | "path"> {
  return { root, kind, id, path };
}
