import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { statfs, unlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { syncCommand } from "../../delivery/exit-notice.js";
import { MirrorError } from "../../errors.js";
import { isOurs } from "../../journal/inspect.js";
import { folderOf } from "../../store/paths.js";
import { messageOf } from "../../util/thrown.js";
import { entityCountsIn, sumOf } from "../mirrors/entity-counts.js";
import { counted } from "../terminal/text.js";
import { type DoctorCheck, ok, skipped, toDo } from "./check.js";

const MIN_FREE_GIB = 1;
const GIB = 1024 ** 3;

/** Checks that the mirror is writable, the disk space and the pending writes. It does not create a mirror. */
export async function checkMirror(logDir: string, source: string, isOffline: boolean): Promise<DoctorCheck[]> {
  const root = resolve(logDir);
  const place = existingAncestor(root);
  const mirror = await writableCheck(root, place, source);
  const isWritable = mirror.verdict === "ok";
  const free = isWritable ? await spaceCheck(place) : skipped("space", "The mirror is not writable.");
  return [mirror, free, pendingCheck(root, isOffline)];
}

async function writableCheck(root: string, place: string, source: string): Promise<DoctorCheck> {
  const inside = [place, folderOf(root, "experiment"), folderOf(root, "run")].filter((path) => existsSync(path));
  try {
    for (const folder of inside) await tryFile(folder);
  } catch (error) {
    const reason = messageOf(error);
    const next = "Set EVSYS_LOG_DIR to a writable folder, or change the owner or permissions.";
    return toDo("mirror", `${root} (${source}) is not writable: ${reason}.`, next);
  }
  const yet = place === root ? "" : " It does not exist yet; the first write creates it.";
  return ok("mirror", `${root} (${source}) is writable.${yet}`);
}

async function tryFile(folder: string): Promise<void> {
  const file = join(folder, `.evsys-doctor-${randomUUID()}`);
  try {
    await writeFile(file, "evsys-sdk doctor\n", { flag: "wx", mode: 0o600 });
  } finally {
    await unlink(file).catch(() => {});
  }
}

async function spaceCheck(place: string): Promise<DoctorCheck> {
  try {
    const { bavail, bsize } = await statfs(place);
    return freeSpaceCheck(bavail * bsize);
  } catch (error) {
    return skipped("space", `Unknown: ${messageOf(error)}.`);
  }
}

/** Checks the free space of a disk. */
export function freeSpaceCheck(freeBytes: number): DoctorCheck {
  const free = `${(freeBytes / GIB).toFixed(1)} GiB are free`;
  if (freeBytes >= MIN_FREE_GIB * GIB) return ok("space", `${free}.`);
  const next = "Free some space, or remove delivered runs: npx evsys-sdk clean.";
  return toDo("space", `${free}, which is less than ${MIN_FREE_GIB} GiB.`, next);
}

function pendingCheck(root: string, isOffline: boolean): DoctorCheck {
  const entities = inspected(root);
  if (entities instanceof MirrorError) {
    return toDo("writes", entities.message, "Check that file or folder.");
  }
  const total = sumOf(entities.map((standing) => standing.total));
  const unsent = sumOf(entities.filter(({ lockOwners }) => lockOwners.sender === undefined).map((one) => one.total));
  const unreadable = entities.find(({ problem }) => problem !== undefined)?.problem;
  const status = syncCommand(root).replace(" sync", " status");
  const foreign = entities.filter(({ found, isEmpty }) => !isOurs(found) && !isEmpty).length;
  const parked = entities.filter((one) => one.parked !== undefined && one.total.pending > 0);
  const isParkedAlone = sumOf(parked.map(({ total: held }) => held)).pending === unsent.pending;
  const more = [
    ...(total.rejected > 0 ? [`${counted(total.rejected, "write")} rejected`] : []),
    ...(foreign > 0 ? [`${counted(foreign, "folder")} by another client`] : []),
  ];
  const also = more.length === 0 ? "" : `, ${more.join(", ")}`;
  const found = `${counted(total.pending, "write")} pending${also}.`;
  if (unreadable !== undefined) return toDo("writes", `${found} ${unreadable}.`, `List all with: ${status}`);
  if (unsent.pending > 0 && isParkedAlone) {
    const runs = parked.map(({ backendId, found: { id } }) => backendId ?? id).join(", ");
    return toDo("writes", `${found} Parked, because the backend does not know run ${runs}.`, `See: ${status}`);
  }
  if (unsent.pending > 0 && isOffline) {
    return ok("writes", `${found} Offline: they stay in the mirror. Once online, send them with: ${syncCommand(root)}`);
  }
  if (unsent.pending > 0) return toDo("writes", found, `Send them with: ${syncCommand(root)}`);
  if (total.rejected > 0) return toDo("writes", found, `See why with: ${status}`);
  if (foreign > 0 && total.pending === 0 && !isOffline) {
    const next = `If their writes never reached the backend: ${syncCommand(root)} --adopt`;
    return toDo("writes", `${counted(foreign, "folder")} by another client.`, next);
  }
  return ok("writes", total.pending > 0 ? `${found} Another process is sending them.` : found);
}

function inspected(root: string) {
  try {
    return entityCountsIn(root);
  } catch (error) {
    if (error instanceof MirrorError) return error;
    throw error;
  }
}

/** The path itself, or its nearest existing ancestor. */
function existingAncestor(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existingAncestor(dirname(path));
}
