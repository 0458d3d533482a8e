import { Collection, type OpenTransaction, type Touched } from './collection.ts';
import type { Journal } from './journal.ts';

interface QueuedChange {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The hub's state. All changes go through {@link change}; those of one moment share a commit.
 *
 * A change runs, with others of its moment, in one synchronous stretch that ends with the commit: nobody ever reads what is
 * not durable, and each change sees what the ones before it did. 100 changes in a commit cost a fifth of 100 commits.
 */
export class Store {
  readonly #journal: Journal;
  readonly #queue: QueuedChange[] = [];
  #scheduled = false;
  #open: OpenTransaction | undefined;
  #undo: (() => void)[] = [];
  #touched = new Map<Touched, Set<string>>();
  #closed = false;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /**
   * A collection with what the journal has of it. Each name is asked for once.
   *
   * @param revive turns what was stored into a value; default: as it is
   */
  collection<Value>(
    name: string,
    revive: (json: string) => Value = (json) => JSON.parse(json) as Value,
  ): Collection<Value> {
    const values = new Map<string, Value>();
    for (const { key, json } of this.#journal.load(name)) values.set(key, revive(json));
    return new Collection(name, values, () => this.#openTransaction());
  }

  /**
   * Runs a change and resolves with its result once it is durable.
   *
   * @param run synchronous; what it put is taken back when it throws, and the others of its moment are not disturbed
   * @throws what `run` throws, or the journal's error when the commit fails: then nothing of this moment has happened
   */
  change<Result>(run: () => Result): Promise<Result> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ run, resolve: resolve as (value: unknown) => void, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    });
  }

  /** Resolves when every change that was asked for until now is durable or refused: a read behind it sees them. */
  settled(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve();
    // Where the commit fails, on a full disk, nothing of this moment has happened: whoever reads can read that.
    return this.change(() => undefined).catch(() => undefined);
  }

  /** Commits what is queued and lets go of the journal. */
  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#journal.close();
  }

  #flush(): void {
    this.#scheduled = false;
    const changes = this.#queue.splice(0);
    if (changes.length === 0) return;
    const settlements: (() => void)[] = [];
    try {
      this.#open = this.#newTransaction();
      for (const change of changes) settlements.push(this.#runOne(change));
      this.#commit();
    } catch (error) {
      this.#takeBack(0);
      for (const change of changes) change.reject(error);
      return;
    } finally {
      this.#open = undefined;
      this.#undo = [];
      this.#touched.clear();
    }
    for (const settle of settlements) settle();
  }

  /** Runs one change; a refusal takes back its own part only. Returns how to tell its caller after the commit. */
  #runOne(change: QueuedChange): () => void {
    const mark = this.#undo.length;
    try {
      const result = change.run();
      return () => change.resolve(result);
    } catch (error) {
      this.#takeBack(mark);
      return () => change.reject(error);
    }
  }

  #takeBack(mark: number): void {
    for (const undo of this.#undo.splice(mark).reverse()) undo();
  }

  /** Writes each touched entry once, as it is now: an entry patched ten times in a moment costs one write. */
  #commit(): void {
    if (this.#touched.size === 0) return;
    this.#journal.begin();
    try {
      for (const [collection, keys] of this.#touched) {
        for (const key of keys) this.#write(collection, key);
      }
      this.#journal.commit();
    } catch (error) {
      this.#journal.rollback();
      throw error;
    }
  }

  #write(collection: Touched, key: string): void {
    const json = collection.json(key);
    if (json === undefined) this.#journal.delete(collection.name, key);
    else this.#journal.put(collection.name, key, json);
  }

  #openTransaction(): OpenTransaction {
    if (this.#open === undefined) throw new Error('a collection was changed outside Store.change');
    return this.#open;
  }

  #newTransaction(): OpenTransaction {
    return {
      touch: (collection, key) => {
        const keys = this.#touched.get(collection);
        if (keys === undefined) this.#touched.set(collection, new Set([key]));
        else keys.add(key);
      },
      undoWith: (undo) => this.#undo.push(undo),
    };
  }
}
