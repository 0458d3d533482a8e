import type { Clock } from '../clock.ts';

/** Keeps all devices of a replay in one time: it begins when every one of them is connected, and ends when all have sent everything. */
export class Conductor {
  readonly #clock: Clock;
  readonly #waitingFor: Set<string>;
  readonly #finished = new AbortController();
  readonly #onBegin: (() => void)[] = [];
  readonly #total: number;
  #begunAt: number | undefined;
  #sent = 0;
  #unsent = 0;

  constructor(deviceIds: Iterable<string>, messages: number, clock: Clock) {
    this.#waitingFor = new Set(deviceIds);
    this.#total = messages;
    this.#clock = clock;
  }

  /** Aborted when there is nothing left to do. */
  get done(): AbortSignal {
    return this.#finished.signal;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Given up: the hub does not take them, or their device ended. */
  get unsent(): number {
    return this.#unsent;
  }

  /** When the replay began, in the clock's milliseconds; undefined before. */
  get begunAt(): number | undefined {
    return this.#begunAt;
  }

  /** Runs `action` when the replay begins, at once when it has. */
  whenBegun(action: () => void): void {
    if (this.#begunAt === undefined) this.#onBegin.push(action);
    else action();
  }

  /** The device is connected, or never will be. */
  ready(deviceId: string): void {
    this.#waitingFor.delete(deviceId);
    if (this.#waitingFor.size > 0 || this.#begunAt !== undefined) return;
    this.#begunAt = this.#clock.now();
    for (const action of this.#onBegin.splice(0)) action();
  }

  tookMessage(): void {
    this.#sent += 1;
    this.#look();
  }

  gaveUp(messages: number): void {
    this.#unsent += messages;
    this.#look();
  }

  #look(): void {
    if (this.#sent + this.#unsent >= this.#total) this.#finished.abort('everything is sent');
  }
}
