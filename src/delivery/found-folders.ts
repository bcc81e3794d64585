import { MirrorError } from "../errors.js";
import { type Adoption, adopt, adoptionOf, hasGroups } from "../mirror/adopt.js";
import { entityFolder, type FolderKind } from "../mirror/paths.js";
import { LocalExperimentStore } from "../mirror/store.js";
import { SyncLog } from "../mirror/sync-log.js";
import type { Courier } from "./courier.js";
import { Folder } from "./folder.js";

const KINDS: readonly FolderKind[] = ["experiment", "run"];
const MOST_NAMED = 3;

/** What is to become of what another client wrote. */
interface Choice {
  readonly adopts: boolean;
  /** Count it only. */
  readonly dryRun: boolean;
}

/** The experiments and runs of a mirror that can be sent. Those of another client are counted and named, or taken over. */
export function foldersOf(root: string, courier: Courier, { adopts, dryRun }: Choice): Folder[] {
  const store = new LocalExperimentStore(root, courier.logger);
  const foreign: string[] = [];
  const folders = KINDS.flatMap((kind) =>
    store.ids(kind).flatMap((id) => {
      try {
        const path = entityFolder(root, kind, id);
        const adoption = adopts ? adoptable(root, kind, id, courier) : undefined;
        if (adoption !== undefined && dryRun) countAdoptable(kind, adoption, courier);
        else if (adoption !== undefined) adopt(path, adoption);
        if (SyncLog.existsIn(path)) return new Folder(root, kind, id, courier);
        if (adoption !== undefined) return [];
        foreign.push(path);
        courier.tally.add(kind === "run" ? "runs" : "experiments", "skipped", 1);
      } catch (error) {
        if (!(error instanceof MirrorError)) throw error;
        courier.announce(error);
      }
      return [];
    }),
  );
  if (foreign.length > 0) courier.logger.warn(noteOn(root, foreign));
  return folders;
}

function adoptable(root: string, kind: FolderKind, id: string, { config, logger }: Courier): Adoption | undefined {
  const adoption = adoptionOf(root, kind, id, config.projectId ?? "");
  if (adoption !== undefined && hasGroups(root, kind, id)) {
    logger.warn(`${entityFolder(root, kind, id)}/groups.jsonl stays where it is: the backend has no route for groups.`);
  }
  return adoption;
}

function countAdoptable(kind: FolderKind, { gaps, making }: Adoption, { tally }: Courier): void {
  if (making !== undefined) {
    tally.add(kind === "run" ? "runs" : "experiments", "pending", 1);
    if (Object.keys(making.patch).length > 0) tally.add("patches", "pending", 1);
  }
  for (const { stream, rows } of gaps) tally.add(stream, "pending", rows);
}

function noteOn(root: string, foreign: readonly string[]): string {
  const named = foreign.slice(0, MOST_NAMED).map((path) => path.slice(root.length + 1));
  const rest = foreign.length > named.length ? ` and ${foreign.length - named.length} more` : "";
  return (
    `${root}: ${foreign.length} experiments or runs were written by another client and are left alone ` +
    `(${named.join(", ")}${rest}). If they never reached the backend, send them with --adopt.`
  );
}
