/** Told of every change of a collection, and of every change taken back. Must not throw. */
export type ChangeListener<Value> = (key: string, before: Value | undefined, after: Value | undefined) => void;

/** What a collection tells the open transaction. */
export interface OpenTransaction {
  /** This entry differs, or may differ, from what the journal has. */
  touch(collection: Touched, key: string): void;
  /** Called in reverse order when the transaction, or the one change in it, fails. */
  undoWith(undo: () => void): void;
}

/** The part of a collection that a commit reads. */
export interface Touched {
  readonly name: string;
  /** The entry as JSON; undefined when it is gone. */
  json(key: string): string | undefined;
}

/**
 * Values by key, in memory for speed and in the journal for good. Values are never changed in place: put a new one.
 * Iteration is in the order of first insertion; replacing a value keeps its place.
 */
export class Collection<Value> implements Touched {
  readonly name: string;
  readonly #values: Map<string, Value>;
  readonly #transaction: () => OpenTransaction;
  readonly #listeners: ChangeListener<Value>[] = [];

  /** @param transaction gives the open transaction; throws when there is none, since that is a bug of the caller */
  constructor(name: string, values: Map<string, Value>, transaction: () => OpenTransaction) {
    this.name = name;
    this.#values = values;
    this.#transaction = transaction;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** Live: a running iteration sees what is inserted behind it. */
  entries(): IterableIterator<[string, Value]> {
    return this.#values.entries();
  }

  values(): IterableIterator<Value> {
    return this.#values.values();
  }

  put(key: string, value: Value): void {
    const transaction = this.#transaction();
    transaction.touch(this, key);
    const before = this.#values.get(key);
    this.#values.set(key, value);
    this.#tell(key, before, value);
    transaction.undoWith(() => {
      this.#restore(key, before, value);
    });
  }

  delete(key: string): void {
    const before = this.#values.get(key);
    if (before === undefined) return;
    const transaction = this.#transaction();
    transaction.touch(this, key);
    this.#values.delete(key);
    this.#tell(key, before, undefined);
    transaction.undoWith(() => {
      this.#restore(key, before, undefined);
    });
  }

  json(key: string): string | undefined {
    const value = this.#values.get(key);
    return value === undefined ? undefined : JSON.stringify(value);
  }

  onChange(listener: ChangeListener<Value>): void {
    this.#listeners.push(listener);
  }

  #restore(key: string, before: Value | undefined, after: Value | undefined): void {
    if (before === undefined) this.#values.delete(key);
    else this.#values.set(key, before);
    this.#tell(key, after, before);
  }

  #tell(key: string, before: Value | undefined, after: Value | undefined): void {
    for (const listener of this.#listeners) listener(key, before, after);
  }
}
