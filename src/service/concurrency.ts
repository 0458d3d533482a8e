/**
 * Works on items several at a time and yields the results in the order of the items.
 * A failure ends it: nothing new is begun. So does the signal.
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  options: { concurrency: number; signal: AbortSignal },
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, void> {
  const waiting = items.values();
  const begun: Promise<Result>[] = [];
  let active = 0;
  let broken = false;
  const begin = (): void => {
    while (active < options.concurrency && !broken && !options.signal.aborted) {
      const next = waiting.next();
      if (next.done === true) return;
      active += 1;
      const result = work(next.value).finally(() => {
        active -= 1;
        begin();
      });
      // Whoever reads it in its turn sees the failure; until then it must not count as unhandled.
      result.catch(() => (broken = true));
      begun.push(result);
    }
  };
  begin();
  // What ends begins the next one, so the list grows while it is read; it is as long as the items unless it was stopped.
  for (let result = begun.shift(); result !== undefined; result = begun.shift()) yield await result;
  options.signal.throwIfAborted();
}
