/** What a client has to say and to do when its process ends. */
export interface Leaving {
  /** How many writes are in the mirror and not delivered. */
  readonly pending: () => number;
  /** The folder of the mirror. */
  readonly root: string;
  /** Whether warnings are not wanted. */
  readonly isQuiet: boolean;
  /** Gives back locks, so that nobody has to find out that their holder is dead. */
  readonly release: () => void;
}

const leaving = new Set<Leaving>();

/** When the process ends, names the command that sends what is left. Returns the way to forget it again. */
export function onExit(client: Leaving): () => void {
  if (leaving.size === 0) process.once("exit", sayFarewell);
  leaving.add(client);
  return () => {
    leaving.delete(client);
    if (leaving.size === 0) process.off("exit", sayFarewell);
  };
}

/** Names the command that sends what is left, for each client, and gives back what they hold. The process ends after it. */
export function sayFarewell(): void {
  for (const { pending, root, isQuiet, release } of leaving) {
    const writes = pending();
    if (writes > 0 && !isQuiet) {
      const what = writes === 1 ? "1 write is" : `${writes} writes are`;
      process.stderr.write(
        `[evsys-sdk] ${what} in the mirror and not delivered yet. Send with: ${syncCommand(root)}\n`,
      );
    }
    try {
      release();
    } catch {
      // What cannot be given back is found to be a dead process's.
    }
  }
}

/** The command that sends mirrors, as one types it. */
export function syncCommand(...roots: readonly string[]): string {
  return ["npx evsys-sdk sync", ...roots.map(quoted)].join(" ");
}

function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
