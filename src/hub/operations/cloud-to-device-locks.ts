import { HubError } from '../model/hub-error.ts';

interface Lock {
  readonly key: string;
  readonly token: string;
  readonly endsMs: number;
  readonly holder: object | undefined;
}

/** Who holds which entry of a queue, and until when. In memory: after a restart everything is free again. */
export class DeliveryLocks {
  readonly #byToken = new Map<string, Lock>();
  readonly #byKey = new Map<string, Lock>();
  readonly #byHolder = new Map<object, Set<Lock>>();

  lock(key: string, lock: { token: string; endsMs: number; holder: object | undefined }): void {
    this.unlock(key);
    const held: Lock = { key, ...lock };
    this.#byToken.set(held.token, held);
    this.#byKey.set(key, held);
    if (held.holder === undefined) return;
    const locks = this.#byHolder.get(held.holder) ?? new Set();
    this.#byHolder.set(held.holder, locks.add(held));
  }

  isLocked(key: string, nowMs: number): boolean {
    const lock = this.#byKey.get(key);
    return lock !== undefined && nowMs < lock.endsMs;
  }

  /** @throws HubError DeviceMessageLockLost when the lock has ended, or never was */
  keyOf(token: string, nowMs: number): string {
    const lock = this.#byToken.get(token.toLowerCase());
    if (lock === undefined || nowMs >= lock.endsMs) {
      throw new HubError('DeviceMessageLockLost', 'The lock supplied is invalid. It has expired or was never given.');
    }
    return lock.key;
  }

  /** Takes a lock from its holder while the entry is being settled: the holder's end no longer frees it, its token is spent. */
  claim(key: string): void {
    this.lock(key, { token: `settling ${key}`, endsMs: Infinity, holder: undefined });
  }

  unlock(key: string): void {
    const lock = this.#byKey.get(key);
    if (lock === undefined) return;
    this.#byKey.delete(key);
    this.#byToken.delete(lock.token);
    if (lock.holder === undefined) return;
    const locks = this.#byHolder.get(lock.holder);
    locks?.delete(lock);
    if (locks?.size === 0) this.#byHolder.delete(lock.holder);
  }

  /** Frees what one holder has. Returns the freed keys. */
  releaseHeldBy(holder: object): string[] {
    const keys = [...(this.#byHolder.get(holder) ?? [])].map((lock) => lock.key);
    for (const key of keys) this.unlock(key);
    return keys;
  }

  /** Frees what was locked too long. Returns the freed keys. */
  releaseExpired(nowMs: number): string[] {
    const keys = [...this.#byKey.values()].filter((lock) => nowMs >= lock.endsMs).map((lock) => lock.key);
    for (const key of keys) this.unlock(key);
    return keys;
  }
}
