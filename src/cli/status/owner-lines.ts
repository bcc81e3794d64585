import type { LockOwner } from "../../journal/lock.js";
import type { EntityStatus } from "../mirrors/entity-status.js";

const MAX_NAMED = 5;

interface Use {
  readonly sends: string[];
  readonly writes: string[];
}

/** The running processes that use experiments and runs, one line per process. */
export function ownerLines(entities: readonly EntityStatus[]): string[] {
  const uses = new Map<string, Use>();
  const useOf = ({ pid, host }: LockOwner): Use => {
    const process = `Process ${pid} on ${host}`;
    const use = uses.get(process) ?? { sends: [], writes: [] };
    uses.set(process, use);
    return use;
  };
  for (const { kind, id, name, owner, writers } of entities) {
    const what = `${kind} ${name ?? id}`;
    const sender = owner === null ? undefined : useOf(owner);
    sender?.sends.push(what);
    // A sender usually writes too.
    for (const use of new Set(writers.map(useOf))) if (use !== sender) use.writes.push(what);
  }
  return [...uses].map(([process, { sends, writes }]) => {
    const parts = [
      ...(sends.length > 0 ? [`sends for ${listed(sends)}`] : []),
      ...(writes.length > 0 ? [`writes to ${listed(writes)}`] : []),
    ];
    return `${process} ${parts.join(", and ")}.`;
  });
}

function listed(names: readonly string[]): string {
  const left = names.length - MAX_NAMED;
  return `${names.slice(0, MAX_NAMED).join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}
