/**
 * Where committed changes go. A journal knows collections of JSON texts by key and nothing of what they mean.
 *
 * `begin`, then any number of `put` and `delete`, then `commit`: all of it survives from then on, or none.
 */
export interface Journal {
  /** Every entry of a collection, in the order of first insertion. */
  load(collection: string): Iterable<{ key: string; json: string }>;
  begin(): void;
  put(collection: string, key: string, json: string): void;
  delete(collection: string, key: string): void;
  /** @throws when the disk is full or gone: the caller takes its changes back. */
  commit(): void;
  rollback(): void;
  close(): void;
}

/** Keeps nothing: for tests and short-lived hubs. */
export class MemoryJournal implements Journal {
  load(): Iterable<never> {
    return [];
  }
  begin(): void {
    // nothing is kept, so nothing begins
  }
  put(): void {
    // nothing is kept
  }
  delete(): void {
    // nothing is kept
  }
  commit(): void {
    // nothing is kept
  }
  rollback(): void {
    // nothing is kept
  }
  close(): void {
    // nothing is held
  }
}
