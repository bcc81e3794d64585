import { ID_KIND_OF, STREAMS } from "../api/routes.js";
import type { EntityStore } from "../journal/entity-store.js";
import { type Counters, CREATED } from "./counters.js";
import type { IdMap } from "./id-map.js";

/** Adds the ids of an entity to the map: those that the backend knows, and those that are awaited. */
export function learnIds({ kind, id, log }: EntityStore, ids: IdMap): void {
  const { creation, delivered, rowIds } = log.state;
  if (creation !== undefined) ids.expect(kind, id);
  // The key of a create is the id that was made for it, so the acknowledgement identifies it even if the ops log is lost.
  const backendId = delivered.get(creation?.key ?? id);
  if (backendId !== undefined) ids.learn(kind, id, backendId);
  for (const [row, rowBackendId] of rowIds) {
    for (const named of Object.values(ID_KIND_OF)) ids.learn(named, row, rowBackendId);
  }
}

/** Counts what the backend rejected. */
export function countRejected({ kind, log }: EntityStore, counters: Counters): void {
  const { creation, rejected, sessions } = log.state;
  for (const key of rejected.keys()) counters.add(key === creation?.key ? CREATED[kind] : "patches", "rejected", 1);
  for (const { spans } of sessions.byNonce.values()) {
    for (const stream of STREAMS) {
      for (const { rows } of spans[stream].rejected.values()) counters.add(stream, "rejected", rows);
    }
  }
}
