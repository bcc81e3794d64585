/** Counts operations in flight, and resolves waiters when there are none. */
export class InFlight {
  #count = 0;
  #idle: (() => void)[] = [];

  get isIdle(): boolean {
    return this.#count === 0;
  }

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  /** Counts an operation until its promise is settled. Returns the promise. */
  track<Result>(operation: Promise<Result>): Promise<Result> {
    this.begin();
    const end = (): void => this.end();
    operation.then(end, end);
    return operation;
  }

  /** Resolves when nothing is in flight. */
  whenIdle(): Promise<void> {
    return this.isIdle ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}
