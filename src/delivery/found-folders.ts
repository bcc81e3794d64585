import { MirrorError } from "../errors.js";
import { type Adoption, adopt, adoptionOf, hasGroups } from "../mirror/adopt.js";
import { readDocument } from "../mirror/document.js";
import { inspectEntity, isEmpty } from "../mirror/inspect.js";
import { documentPath, entityFolder, type FolderKind } from "../mirror/paths.js";
import { LocalExperimentStore } from "../mirror/store.js";
import { SyncLog } from "../mirror/sync-log.js";
import { hasLostOps, type TornLine, unclaimedRowsOf } from "../mirror/unclaimed.js";
import { shown } from "../validation.js";
import type { Courier } from "./courier.js";
import { Folder } from "./folder.js";
import { noteOnProjects } from "./other-projects.js";

const KINDS: readonly FolderKind[] = ["experiment", "run"];
const MOST_NAMED = 3;

/** What is to become of what no ops log has. */
interface Choice {
  readonly adopts: boolean;
  /** Count it only. */
  readonly dryRun: boolean;
}

/** What lies in a mirror and is not known to be delivered. */
interface Unknown {
  /** Folders of another client. */
  readonly foreign: string[];
  /** Folders whose ops logs are lost. */
  readonly lost: string[];
  /** Files with rows that are in no ops log. */
  readonly unclaimed: string[];
}

/**
 * The experiments and runs of a mirror that can be sent. Whatever else lies in it, of another client or with its ops log
 * lost, is counted and named, or taken over.
 */
export function foldersOf(root: string, courier: Courier, { adopts, dryRun }: Choice): Folder[] {
  const { logger, tally } = courier;
  const store = new LocalExperimentStore(root, logger);
  const unknown: Unknown = { foreign: [], lost: [], unclaimed: [] };
  const projects = new Set<unknown>();
  const folders = KINDS.flatMap((kind) =>
    store.ids(kind).flatMap((id) => {
      try {
        const path = entityFolder(root, kind, id);
        const adoption = adopts ? adoptable(root, kind, id, courier) : undefined;
        projects.add(adoption?.making?.create.project_id);
        if (adoption !== undefined && dryRun) countAdoptable(kind, adoption, courier);
        else if (adoption !== undefined) adopt(path, adoption);
        if (SyncLog.existsIn(path)) {
          const folder = new Folder(root, kind, id, courier);
          projects.add(folder.state.creation?.create.project_id);
          if (!adopts) countUnclaimed(root, folder, unknown);
          return [folder];
        }
        if (adoption !== undefined) return [];
        if (isEmpty(inspectEntity(root, kind, id))) {
          logger.info(`${path} is empty and can be deleted.`);
          return [];
        }
        unknown.foreign.push(path);
        tally.add(kind === "run" ? "runs" : "experiments", "skipped", 1);
      } catch (error) {
        if (!(error instanceof MirrorError)) throw error;
        courier.announce(error);
      }
      return [];
    }),
  );
  for (const note of notesOn(root, unknown)) logger.warn(note);
  const note = noteOnProjects(root, projects, courier.config.projectId);
  if (note !== undefined) logger.warn(note);
  return folders;
}

/** Counts what lies in one of our folders and is in no ops log. */
function countUnclaimed(root: string, { entity, countedAs, courier }: Folder, { lost, unclaimed }: Unknown): void {
  const { tally } = courier;
  const { kind, id, path, log } = entity;
  const hasLost = hasLostOps(log.state) && readDocument(documentPath(root, kind, id)) !== undefined;
  if (hasLost) {
    tally.add(countedAs, "skipped", 1);
    lost.push(path);
  }
  for (const { path: file, stream, rows, tornLine } of unclaimedRowsOf(path, log.state)) {
    tally.add(stream, "skipped", rows);
    if (rows > 0 && !hasLost) unclaimed.push(file);
    if (tornLine !== undefined) nameTorn(tornLine, courier);
  }
}

function nameTorn({ path, start, text }: TornLine, { logger }: Courier): void {
  logger.warn(`${path}: the last line is incomplete and is not sent, at byte ${start}: ${shown(text)}`);
}

function adoptable(root: string, kind: FolderKind, id: string, courier: Courier): Adoption | undefined {
  const { config, logger } = courier;
  const adoption = adoptionOf(root, kind, id, config.projectId ?? "");
  for (const torn of adoption?.tornLines ?? []) nameTorn(torn, courier);
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

function notesOn(root: string, { foreign, lost, unclaimed }: Unknown): string[] {
  const note = (paths: readonly string[], what: string): string[] => {
    const named = paths.slice(0, MOST_NAMED).map((path) => path.slice(root.length + 1));
    const rest = paths.length > named.length ? ` and ${paths.length - named.length} more` : "";
    const list = `(${named.join(", ")}${rest})`;
    const advice = "If they never reached the backend, send them with --adopt.";
    return paths.length === 0 ? [] : [`${root}: ${paths.length} ${what} ${list}. ${advice}`];
  };
  return [
    ...note(foreign, "experiments or runs were written by another client and are left alone"),
    ...note(lost, "experiments or runs have lost their ops log, so it is not known what was sent; they are left alone"),
    ...note(unclaimed, "files hold rows of another client, or of a lost ops log, that are left alone"),
  ];
}
