interface Waiter<Event> {
  readonly matches: (event: Event) => boolean;
  resolve(event: Event): void;
  reject(error: unknown): void;
}

/** Keeps what happened, and hands it on in order to whoever waits for it. */
export class EventWaiters<Event> {
  readonly all: Event[] = [];
  readonly #waiters = new Set<Waiter<Event>>();
  #passed = 0;
  #end: { readonly error: unknown } | undefined;

  add(event: Event): void {
    const index = this.all.push(event) - 1;
    for (const waiter of [...this.#waiters]) {
      if (!waiter.matches(event)) continue;
      this.#passed = index + 1;
      waiter.resolve(event);
      return;
    }
  }

  /** Nothing happens any more: who waits is told why. */
  end(error: unknown): void {
    this.#end = { error };
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }

  /** The next one that matches, behind the last one that was handed on. @param what for the message when the time is up */
  next(matches: (event: Event) => boolean, limits: { timeoutMs: number; what: string }): Promise<Event> {
    const index = this.all.findIndex((event, at) => at >= this.#passed && matches(event));
    const found = this.all[index];
    if (found !== undefined) {
      this.#passed = index + 1;
      return Promise.resolve(found);
    }
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever ended it, as it was thrown
    if (this.#end !== undefined) return Promise.reject(this.#end.error);
    return this.#wait(matches, limits);
  }

  #wait(matches: (event: Event) => boolean, { timeoutMs, what }: { timeoutMs: number; what: string }): Promise<Event> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter<Event> = { matches, resolve: settle(resolve), reject: settle(reject) };
      const timer = setTimeout(() => waiter.reject(new Error(`no ${what} within ${timeoutMs} ms`)), timeoutMs);
      const waiters = this.#waiters;
      function settle<Value>(then: (value: Value) => void): (value: Value) => void {
        return (value) => {
          clearTimeout(timer);
          waiters.delete(waiter);
          then(value);
        };
      }
      waiters.add(waiter);
    });
  }
}
