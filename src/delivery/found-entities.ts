import { MirrorError } from "../errors.js";
import { type Adoption, adopt, adoptionOf, hasGroups } from "../journal/adopt.js";
import { segmentFilesOf } from "../journal/entity-files.js";
import { inspectEntity, isEmpty } from "../journal/inspect.js";
import { SyncLog } from "../journal/sync-log.js";
import { hasLostOps, type TornLine, unclaimedRowsOf } from "../journal/unclaimed.js";
import { readDocument } from "../store/document.js";
import { documentPath, entityFolder, FOLDER_KINDS, type FolderKind } from "../store/paths.js";
import { idsIn } from "../store/run-catalog.js";
import { preview } from "../util/preview.js";
import { type Counters, CREATED } from "./counters.js";
import { EntityOutbox } from "./entity-outbox.js";
import { noteOnProjects } from "./other-projects.js";
import type { Scope } from "./scope.js";
import type { Sender } from "./sender.js";

const MAX_NAMED = 3;

/** How to treat what is in no ops log. */
interface FindOptions {
  readonly adopts: boolean;
  /** Count it only. */
  readonly dryRun: boolean;
}

/** Folders and files of which it is unknown whether they were delivered. */
interface UnknownWrites {
  /** Folders of another client. */
  readonly foreign: string[];
  /** Folders whose ops logs are lost. */
  readonly lost: string[];
  /** Files with rows that are in no ops log. */
  readonly unclaimed: string[];
}

/**
 * The experiments and runs of a mirror that can be sent. Others, of another client or with a lost ops log, are counted and
 * named, or adopted.
 */
export function entitiesOf(
  root: string,
  sender: Sender,
  scope: Scope,
  { adopts, dryRun }: FindOptions,
): EntityOutbox[] {
  const { logger } = sender;
  const { counters } = scope;
  const unknown: UnknownWrites = { foreign: [], lost: [], unclaimed: [] };
  const projects = new Set<unknown>();
  const outboxes = FOLDER_KINDS.flatMap((kind) =>
    idsIn(root, kind).flatMap((id) => {
      try {
        const path = entityFolder(root, kind, id);
        const adoption = adopts ? adoptable(root, kind, id, sender) : undefined;
        projects.add(adoption?.creation?.create.project_id);
        if (adoption !== undefined && dryRun) countAdoptable(kind, adoption, counters);
        else if (adoption !== undefined) adopt(path, adoption);
        if (SyncLog.existsIn(path)) {
          const outbox = new EntityOutbox(sender, root, kind, id, scope);
          projects.add(outbox.store.log.state.creation?.create.project_id);
          if (!adopts) countUnclaimed(root, outbox, counters, unknown);
          return [outbox];
        }
        if (adoption !== undefined) return [];
        if (isEmpty(inspectEntity(root, kind, id))) {
          logger.info(`${path} is empty and can be deleted.`);
          return [];
        }
        unknown.foreign.push(path);
        counters.add(CREATED[kind], "skipped", 1);
      } catch (error) {
        if (!(error instanceof MirrorError)) throw error;
        scope.announce(error);
      }
      return [];
    }),
  );
  for (const note of notesOn(root, unknown)) logger.warn(note);
  const note = noteOnProjects(root, projects, sender.config.projectId);
  if (note !== undefined) logger.warn(note);
  return outboxes;
}

/** Counts what is in a folder of this client and in no ops log. */
function countUnclaimed(
  root: string,
  { store, sender }: EntityOutbox,
  counters: Counters,
  { lost, unclaimed }: UnknownWrites,
): void {
  const { kind, id, path, log } = store;
  const hasLost = hasLostOps(log.state) && readDocument(documentPath(root, kind, id)) !== undefined;
  if (hasLost) {
    counters.add(CREATED[kind], "skipped", 1);
    lost.push(path);
  }
  for (const { path: file, stream, rows, tornLine } of unclaimedRowsOf(segmentFilesOf(path), log.state)) {
    counters.add(stream, "skipped", rows);
    if (rows > 0 && !hasLost) unclaimed.push(file);
    if (tornLine !== undefined) warnOfTornLine(tornLine, sender);
  }
}

function warnOfTornLine({ path, start, text }: TornLine, { logger }: Sender): void {
  logger.warn(`${path}: the torn last line is not sent, at byte ${start}: ${preview(text)}`);
}

function adoptable(root: string, kind: FolderKind, id: string, sender: Sender): Adoption | undefined {
  const { config, logger } = sender;
  const adoption = adoptionOf(root, kind, id, config.projectId ?? "");
  for (const torn of adoption?.tornLines ?? []) warnOfTornLine(torn, sender);
  if (adoption !== undefined && hasGroups(root, kind, id)) {
    logger.warn(`${entityFolder(root, kind, id)}/groups.jsonl is not sent: the backend has no route for groups.`);
  }
  return adoption;
}

function countAdoptable(kind: FolderKind, { gaps, creation }: Adoption, counters: Counters): void {
  if (creation !== undefined) {
    counters.add(CREATED[kind], "pending", 1);
    if (Object.keys(creation.patch).length > 0) counters.add("patches", "pending", 1);
  }
  for (const { stream, rows } of gaps) counters.add(stream, "pending", rows);
}

function notesOn(root: string, { foreign, lost, unclaimed }: UnknownWrites): string[] {
  const note = (paths: readonly string[], what: string): string[] => {
    const named = paths.slice(0, MAX_NAMED).map((path) => path.slice(root.length + 1));
    const rest = paths.length > named.length ? ` and ${paths.length - named.length} more` : "";
    const list = `(${named.join(", ")}${rest})`;
    const advice = "If they never reached the backend, send them with --adopt.";
    return paths.length === 0 ? [] : [`${root}: ${paths.length} ${what} ${list}. ${advice}`];
  };
  return [
    ...note(foreign, "experiments or runs were written by another client and are skipped"),
    ...note(lost, "experiments or runs have lost their ops log, so it is unknown what was sent; they are skipped"),
    ...note(unclaimed, "files have rows of another client, or of a lost ops log, that are skipped"),
  ];
}
