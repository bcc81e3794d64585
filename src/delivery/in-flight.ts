/** Counts operations in flight, and resolves waiters when there are none. */
export class InFlight {
  #count = 0;
  #idle: (() => void)[] = [];

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  /** Counts an operation until its promise is settled. */
  async track<Result>(operation: Promise<Result>): Promise<Result> {
    this.begin();
    try {
      return await operation;
    } finally {
      this.end();
    }
  }

  /** Resolves when nothing is in flight. */
  whenIdle(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}
