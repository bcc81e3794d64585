import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { statfs, unlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { syncCommand } from "../../delivery/exit-notice.js";
import { MirrorError } from "../../errors.js";
import { isOurs } from "../../journal/inspect.js";
import { folderOf } from "../../store/paths.js";
import { messageOf } from "../../util/thrown.js";
import { standingsIn, sumOf } from "../mirrors/entity-counts.js";
import { counted } from "../terminal/text.js";
import { type Check, ok, skipped, toDo } from "./check.js";

const LEAST_FREE_GIB = 1;
const GIB = 1024 ** 3;

/** Looks at the mirror: whether it can be written, what space there is, and what waits in it. It creates no mirror. */
export async function checkMirror(logDir: string, source: string, isOffline: boolean): Promise<Check[]> {
  const root = resolve(logDir);
  const place = nearest(root);
  const mirror = await writable(root, place, source);
  const isWritable = mirror.verdict === "ok";
  const free = isWritable ? await space(place) : skipped("space", "The mirror cannot be written.");
  return [mirror, free, waiting(root, isOffline)];
}

async function writable(root: string, place: string, source: string): Promise<Check> {
  const inside = [place, folderOf(root, "experiment"), folderOf(root, "run")].filter((path) => existsSync(path));
  try {
    for (const folder of inside) await tryFile(folder);
  } catch (error) {
    const reason = messageOf(error);
    const next = "Set EVSYS_LOG_DIR to a folder that you may write to, or see to its owner and rights.";
    return toDo("mirror", `${root} (${source}) cannot be written: ${reason}.`, next);
  }
  const yet = place === root ? "" : " It is not there yet, and is made with the first write.";
  return ok("mirror", `${root} (${source}) can be written.${yet}`);
}

async function tryFile(folder: string): Promise<void> {
  const file = join(folder, `.evsys-doctor-${randomUUID()}`);
  try {
    await writeFile(file, "evsys-sdk doctor\n", { flag: "wx", mode: 0o600 });
  } finally {
    await unlink(file).catch(() => {});
  }
}

async function space(place: string): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(place);
    return freeSpace(bavail * bsize);
  } catch (error) {
    return skipped("space", `It could not be told: ${messageOf(error)}.`);
  }
}

/** Whether there is space enough on a disk. */
export function freeSpace(freeBytes: number): Check {
  const free = `${(freeBytes / GIB).toFixed(1)} GiB are free`;
  if (freeBytes >= LEAST_FREE_GIB * GIB) return ok("space", `${free}.`);
  const next = "Make space, or remove what is delivered: npx evsys-sdk clean.";
  return toDo("space", `${free}, which is less than ${LEAST_FREE_GIB} GiB.`, next);
}

function waiting(root: string, isOffline: boolean): Check {
  const standings = inspected(root);
  if (standings instanceof MirrorError) {
    return toDo("writes", standings.message, "See to the file or folder that it names.");
  }
  const total = sumOf(standings.map((standing) => standing.total));
  const unsent = sumOf(standings.filter(({ occupants }) => occupants.sender === undefined).map((one) => one.total));
  const unreadable = standings.find(({ problem }) => problem !== undefined)?.problem;
  const status = syncCommand(root).replace(" sync", " status");
  const foreign = standings.filter(({ found, isEmpty }) => !isOurs(found) && !isEmpty).length;
  const parked = standings.filter((one) => one.parked !== undefined && one.total.pending > 0);
  const isParkedAlone = sumOf(parked.map(({ total: held }) => held)).pending === unsent.pending;
  const more = [
    ...(total.rejected > 0 ? [`${counted(total.rejected, "write")} rejected`] : []),
    ...(foreign > 0 ? [`${counted(foreign, "folder")} by another client`] : []),
  ];
  const also = more.length === 0 ? "" : `, ${more.join(", ")}`;
  const found = `${counted(total.pending, "write")} pending${also}.`;
  if (unreadable !== undefined) return toDo("writes", `${found} ${unreadable}.`, `See them all with: ${status}`);
  if (unsent.pending > 0 && isParkedAlone) {
    const runs = parked.map(({ backendId, found: { id } }) => backendId ?? id).join(", ");
    return toDo("writes", `${found} Held back: the backend does not know run ${runs}.`, `See: ${status}`);
  }
  if (unsent.pending > 0 && isOffline) {
    return ok("writes", `${found} Offline: they wait. Once online, send them with: ${syncCommand(root)}`);
  }
  if (unsent.pending > 0) return toDo("writes", found, `Send them with: ${syncCommand(root)}`);
  if (total.rejected > 0) return toDo("writes", found, `See why with: ${status}`);
  if (foreign > 0 && total.pending === 0 && !isOffline) {
    const next = `If their writes never reached the backend: ${syncCommand(root)} --adopt`;
    return toDo("writes", `${counted(foreign, "folder")} by another client.`, next);
  }
  return ok("writes", total.pending > 0 ? `${found} A live process sends them.` : found);
}

function inspected(root: string) {
  try {
    return standingsIn(root);
  } catch (error) {
    if (error instanceof MirrorError) return error;
    throw error;
  }
}

/** The folder itself, or the nearest above it that is there. What is no folder counts as there: writing fails on it. */
function nearest(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}
