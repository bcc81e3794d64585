import { isSafeId } from "../../api/ids.js";
import { inspectEntity } from "../../journal/inspect.js";
import { namesIn } from "../../store/files.js";
import { entityFolder, folderOf } from "../../store/paths.js";
import { experimentOf } from "./entity-status.js";

/** Stands for the experiment of a run that cannot be read: any may be meant. */
const ANY = Symbol("any experiment");

/** To which experiments the runs of mirrors belong. A run never changes its experiment, so each is read once. */
export class RunParents {
  readonly #roots: readonly string[];
  readonly #parents = new Map<string, string | typeof ANY | undefined>();

  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  /** Whether a run that is there now belongs to the experiment of one of these ids, those in certain folders apart. */
  include(ids: readonly (string | undefined)[], except: ReadonlySet<string> = new Set()): boolean {
    return this.#present().some((path) => {
      const parent = this.#parents.get(path);
      return !except.has(path) && parent !== undefined && (parent === ANY || ids.includes(parent));
    });
  }

  /** The folders of the runs that are there now; new ones are read. */
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
