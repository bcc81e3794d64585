interface Waiting {
  readonly enter: (entered: boolean) => void;
}

/** Lets a number of things happen at once; the others wait, those that somebody waits for before the backlog. */
export class Gate {
  #free: number;
  readonly #awaited: Waiting[] = [];
  readonly #backlog: Waiting[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  /** Enters as part of the backlog: as long as it takes. */
  async enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<boolean>((enter) => this.#backlog.push({ enter }));
  }

  /** Enters before the backlog; false where there was no room until `timeoutMs` had passed. */
  async enterAwaited(timeoutMs: number): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    return new Promise<boolean>((resolve) => {
      const waiting: Waiting = {
        enter(entered) {
          clearTimeout(timer);
          resolve(entered);
        },
      };
      const timer = setTimeout(() => {
        this.#awaited.splice(this.#awaited.indexOf(waiting), 1);
        resolve(false);
      }, timeoutMs);
      this.#awaited.push(waiting);
    });
  }

  leave(): void {
    const next = this.#awaited.shift() ?? this.#backlog.shift();
    if (next === undefined) this.#free += 1;
    else next.enter(true);
  }
}
