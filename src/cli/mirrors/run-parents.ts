import { isSafeId } from "../../api/ids.js";
import { inspectEntity } from "../../journal/inspect.js";
import { namesIn } from "../../store/files.js";
import { entityFolder, folderOf } from "../../store/paths.js";
import { experimentOf } from "./entity-status.js";

/** The parent of a run that cannot be read: it may belong to any experiment. */
const ANY = Symbol("any experiment");

/** The experiments of all runs of mirrors. A run never changes its experiment, so each is read once. */
export class RunParents {
  readonly #roots: readonly string[];
  readonly #parents = new Map<string, string | typeof ANY | undefined>();

  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  /** Whether an existing run belongs to one of these experiment ids. `except`: folders of runs to ignore. */
  include(ids: readonly (string | undefined)[], except: ReadonlySet<string> = new Set()): boolean {
    return this.#present().some((path) => {
      const parent = this.#parents.get(path);
      return !except.has(path) && parent !== undefined && (parent === ANY || ids.includes(parent));
    });
  }

  /** The folders of the existing runs; new ones are read. */
  #present(): string[] {
    return this.#roots.flatMap((root) =>
      namesIn(folderOf(root, "run"))
        .filter(isSafeId)
        .map((id) => {
          const path = entityFolder(root, "run", id);
          if (!this.#parents.has(path)) this.#parents.set(path, parentOf(root, id));
          return path;
        }),
    );
  }
}

function parentOf(root: string, id: string): string | typeof ANY | undefined {
  const found = inspectEntity(root, "run", id);
  return experimentOf(found) ?? (found.problem === undefined ? undefined : ANY);
}
