import type { DeviceLink, LinkListener, LostReason } from '../sdk/device-link.ts';
import { type ExitName, ProgramError } from '../terminal/index.ts';
import { backOffMs, type BackOff } from './back-off.ts';
import { sleep, type Clock } from './clock.ts';
import type { DeviceEventBody } from './device-event.ts';
import type { Random } from './random.ts';

export interface KeeperOptions {
  /** Finds the hub anew and opens one connection: called for every attempt; `returns` when it was away by its own will. */
  readonly connect: (listener: LinkListener, returns: boolean) => Promise<Dialled>;
  /** What must succeed before the device counts as connected. */
  readonly greet: (link: DeviceLink) => Promise<void>;
  /** `greet` succeeded and `connected` was told. */
  readonly live: (link: DeviceLink) => void;
  /** The connection is gone, before the next attempt. */
  readonly gone: () => void;
  readonly listener: Omit<LinkListener, 'lost'>;
  readonly emit: (body: DeviceEventBody) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly backOff: BackOff;
  readonly protocol: string;
  /** Whether a device that never was connected keeps trying; else the first failure ends it. */
  readonly patient: boolean;
}

export interface Dialled {
  readonly link: DeviceLink;
  /** When the first byte was sent: looking for the hub, and waiting for one's turn in a fleet, are not its time. */
  readonly startedAt: number;
  readonly hub: string;
}

export interface Absence {
  readonly ms: number;
  readonly reason: string;
  readonly abrupt?: boolean;
}

type Ending =
  | { readonly kind: 'lost'; readonly reason: LostReason }
  | { readonly kind: 'absent'; readonly absence: Absence }
  | { readonly kind: 'stopped' };

const STOPPED: Ending = { kind: 'stopped' };
const RENEWAL: Absence = { ms: 0, reason: 'its credentials are renewed' };
/** Failures that no waiting cures. */
const FINAL: ReadonlySet<string> = new Set<ExitName>(['refused', 'wrongCall', 'notFound']);
/** Connections that the hub ends sooner than this, while it takes us back at once, look like another client with our id. */
const TAKEOVER_MS = 60_000;

/**
 * Keeps one device connected, for ever: a fresh client for every connect, back-off with jitter between attempts.
 * Ends only when it is stopped or when trying again cannot help.
 */
export class ConnectionKeeper {
  readonly #options: KeeperOptions;
  #end: ((ending: Ending) => void) | undefined;
  #failures = 0;
  #wasConnected = false;
  #returns = false;
  #shortLived = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Ends the present connection for a while; nothing happens when there is none. */
  goOffline(absence: Absence): void {
    this.#end?.({ kind: 'absent', absence });
  }

  /**
   * Resolves when `signal` is aborted and the hub was told goodbye.
   *
   * @throws ProgramError when trying again cannot help: `refused`, `wrongCall`, `notFound`; any failure before the first
   *   connection unless patient
   */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    while (!signal.aborted) {
      const pauseMs = await this.#round(stopped);
      if (pauseMs > 0) await sleep(this.#options.clock, pauseMs, signal);
    }
  }

  /** One attempt and, when it succeeds, one connection. @returns how long to wait before the next */
  async #round(stopped: Promise<undefined>): Promise<number> {
    const ended = new Promise<Ending>((resolve) => (this.#end = resolve));
    const opening = this.#open();
    try {
      const dialled = await Promise.race([opening, stopped]);
      if (dialled !== undefined) return await this.#live(dialled, ended, stopped);
    } catch (error) {
      return this.#failed(error);
    }
    // Stopped while connecting: nobody waits for what may still come of it.
    opening.then(
      ({ link }) => link.close(),
      () => undefined,
    );
    return 0;
  }

  async #open(): Promise<Dialled> {
    const { connect, greet, listener } = this.#options;
    const returns = this.#returns;
    this.#returns = false;
    const dialled = await connect({ ...listener, lost: (reason) => this.#end?.({ kind: 'lost', reason }) }, returns);
    try {
      await greet(dialled.link);
      return dialled;
    } catch (error) {
      dialled.link.drop();
      throw error;
    }
  }

  async #live({ link, hub, startedAt }: Dialled, ended: Promise<Ending>, stopped: Promise<undefined>): Promise<number> {
    const { clock, emit, protocol, live, gone, random } = this.#options;
    emit({ event: 'connected', hub, protocol, attempt: this.#failures + 1, elapsedMs: clock.now() - startedAt });
    const atFirstAttempt = this.#failures === 0;
    const connectedAt = clock.now();
    this.#wasConnected = true;
    this.#failures = 0;
    // Spread, so that a fleet does not renew in one moment.
    const renewMs = link.renewAfterMs === undefined ? undefined : link.renewAfterMs * (0.9 + random() / 10);
    const renewal = renewMs === undefined ? undefined : clock.after(renewMs, () => this.goOffline(RENEWAL));
    live(link);
    const ending = (await Promise.race([ended, stopped])) ?? STOPPED;
    renewal?.cancel();
    gone();
    return await this.#leave(link, ending, { lastedMs: clock.now() - connectedAt, atFirstAttempt });
  }

  async #leave(
    link: DeviceLink,
    ending: Ending,
    history: { lastedMs: number; atFirstAttempt: boolean },
  ): Promise<number> {
    const { emit } = this.#options;
    switch (ending.kind) {
      case 'stopped':
        await link.close();
        emit({ event: 'disconnected', by: 'device', reason: 'stopped' });
        return 0;
      case 'absent': {
        const { ms, reason, abrupt } = ending.absence;
        if (abrupt === true) link.drop();
        else await link.close();
        emit({ event: 'disconnected', by: 'device', reason, retryInMs: ms });
        this.#returns = true;
        return ms;
      }
      case 'lost':
        return this.#lost(ending.reason, history);
    }
  }

  #lost(
    { by, message }: LostReason,
    { lastedMs, atFirstAttempt }: { lastedMs: number; atFirstAttempt: boolean },
  ): number {
    const { emit, backOff, random } = this.#options;
    this.#shortLived = lastedMs < TAKEOVER_MS && atFirstAttempt ? this.#shortLived + 1 : 0;
    const retryInMs = backOffMs(backOff, Math.max(0, this.#shortLived - 1), random);
    emit({ event: 'disconnected', by, reason: message, retryInMs });
    if (this.#shortLived >= 2) {
      const reason =
        'the hub accepts this device and soon closes the connection: another client seems to use the same id';
      emit({ event: 'takenOver', times: this.#shortLived, reason });
    }
    return retryInMs;
  }

  /** @throws what cannot be helped by trying again */
  #failed(error: unknown): number {
    const { emit, backOff, random, patient } = this.#options;
    const failure = describe(error);
    if (FINAL.has(failure.exit) || (!this.#wasConnected && !patient)) throw failure;
    this.#shortLived = 0;
    const retryInMs = backOffMs(backOff, this.#failures, random);
    this.#failures += 1;
    const { code, message: reason, hint } = failure;
    emit({ event: 'connectFailed', code, reason, hint, attempt: this.#failures, retryInMs });
    return retryInMs;
  }
}

/** Anything that is no ProgramError came from the SDK while the connection was set up: the hub hung up or answered with an error. */
function describe(error: unknown): ProgramError {
  if (error instanceof ProgramError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ProgramError('failed', 'ConnectFailed', `could not set up the connection: ${message}`, { cause: error });
}
