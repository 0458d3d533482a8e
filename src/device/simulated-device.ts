import type {
  CloudToDeviceMessage,
  DeviceLink,
  DeviceTwin,
  JsonObject,
  LinkListener,
  TelemetryMessage,
} from '../sdk/device-link.ts';
import type { DeviceConnector, DeviceEndpoint } from '../sdk/device-sdk.ts';
import { ProgramError } from '../terminal/index.ts';
import { DEFAULT_BACK_OFF, type BackOff } from './back-off.ts';
import type { Behaviour, Device, Interference } from './behaviour.ts';
import { sleep, systemClock, type Clock } from './clock.ts';
import { ConnectionKeeper, type Absence, type Dialled } from './connection-keeper.ts';
import type { DeviceEventBody, EventSink } from './device-event.ts';
import { MethodTable } from './method-table.ts';
import type { Random } from './random.ts';
import { TwinMirror, versionOf, withoutVersion } from './twin-mirror.ts';

export interface SimulatedDeviceOptions {
  readonly deviceId: string;
  /** Where the hub is and how to get in; asked before every attempt, because a local hub may have moved. */
  readonly locate: () => Promise<DeviceEndpoint>;
  /** Other credentials after these were refused; undefined when there are none. Asked once for every refusal. */
  readonly relocate?: (() => Promise<DeviceEndpoint | undefined>) | undefined;
  /** One for all devices of a process. */
  readonly connector: DeviceConnector;
  readonly behaviours: readonly Behaviour[];
  readonly events: EventSink;
  readonly random: Random;
  readonly clock?: Clock | undefined;
  /** Waits for the device's turn to connect, `returns` when it was away by its own will; what it gives back ends the turn. */
  readonly turn?: ((returns: boolean) => Promise<() => void>) | undefined;
  readonly interference?: Interference | undefined;
  readonly backOff?: BackOff | undefined;
  /** Keep trying although it never was connected. Default false: the first failure ends it. */
  readonly patient?: boolean | undefined;
}

/** One device: one SDK client at a time and a list of behaviours. */
export class SimulatedDevice implements Device {
  readonly deviceId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly #options: SimulatedDeviceOptions;
  readonly #keeper: ConnectionKeeper;
  readonly #methods: MethodTable;
  readonly #mirror = new TwinMirror();
  /** Desired patches that came before the twin was read; undefined once it was. */
  #early: JsonObject[] | undefined = [];
  #link: DeviceLink | undefined;
  #connection = new AbortController();
  /** The version of the desired properties that was told last. */
  #toldVersion = 1;

  constructor(options: SimulatedDeviceOptions) {
    this.#options = options;
    this.deviceId = options.deviceId;
    this.clock = options.clock ?? systemClock;
    this.random = options.random;
    this.#methods = new MethodTable(options.behaviours, this, options.interference);
    this.#keeper = new ConnectionKeeper({
      connect: (listener, returns) => this.#connect(listener, returns),
      greet: (link) => this.#greet(link),
      live: (link) => void this.#live(link),
      gone: () => this.#gone(),
      listener: {
        method: (call) => void this.#methods.answer(call),
        desired: (patch) => this.#desired(patch),
        message: (message) => this.#message(message),
      },
      emit: (body) => this.emit(body),
      clock: this.clock,
      random: this.random,
      backOff: options.backOff ?? DEFAULT_BACK_OFF,
      protocol: options.connector.protocol,
      patient: options.patient ?? false,
    });
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  get twin(): DeviceTwin {
    return this.#mirror.twin;
  }

  get connection(): AbortSignal {
    return this.#connection.signal;
  }

  /**
   * Lives until `signal` is aborted, then says goodbye to the hub and resolves.
   *
   * @throws ProgramError when the hub refuses the credentials, or the first connect fails and the device is not patient
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#keeper.run(signal);
      this.emit({ event: 'stopped' });
    } finally {
      for (const behaviour of this.#options.behaviours) behaviour.close?.();
    }
  }

  goOffline(absence: Absence): void {
    this.#keeper.goOffline(absence);
  }

  emit(body: DeviceEventBody): void {
    const time = new Date(this.clock.now()).toISOString();
    this.#options.events({ time, deviceId: this.deviceId, ...body });
  }

  async report(patch: JsonObject): Promise<boolean> {
    return this.#attempt('report properties', async (link) => {
      await link.report(patch);
      this.#mirror.reported(patch);
      this.emit({ event: 'reported', patch });
    });
  }

  async send(message: TelemetryMessage): Promise<boolean> {
    const { delayMs, copies } = this.#options.interference?.message() ?? UNDISTURBED;
    if (delayMs > 0 && !(await sleep(this.clock, delayMs, this.connection))) return false;
    let sent = false;
    for (let copy = 0; copy < copies; copy++)
      sent = await this.#attempt('send telemetry', (link) => link.send(message));
    return sent;
  }

  async #attempt(what: string, action: (link: DeviceLink) => Promise<void>): Promise<boolean> {
    const link = this.#link;
    if (link === undefined) return false;
    try {
      await action(link);
      return true;
    } catch (error) {
      // A connection that ended meanwhile is told of already.
      if (this.#link === link) this.emit({ event: 'failed', what, reason: reasonOf(error) });
      return false;
    }
  }

  async #connect(listener: LinkListener, returns: boolean): Promise<Dialled> {
    const { locate, relocate } = this.#options;
    const endpoint = await locate();
    try {
      return await this.#dial(endpoint, listener, returns);
    } catch (error) {
      // A local hub that keeps nothing forgets its devices when it is restarted.
      const isRefused = error instanceof ProgramError && error.exit === 'refused';
      const other = isRefused ? await relocate?.() : undefined;
      if (other === undefined) throw error;
      return this.#dial(other, listener, returns);
    }
  }

  async #dial(endpoint: DeviceEndpoint, listener: LinkListener, returns: boolean): Promise<Dialled> {
    const endTurn = await this.#options.turn?.(returns);
    const startedAt = this.clock.now();
    try {
      const link = await this.#options.connector.connect(endpoint, listener);
      return { link, hub: endpoint.connection.hostName, startedAt };
    } finally {
      endTurn?.();
    }
  }

  async #greet(link: DeviceLink): Promise<void> {
    this.#early = [];
    this.#mirror.replace(await link.readTwin());
  }

  async #live(link: DeviceLink): Promise<void> {
    this.#link = link;
    this.#connection = new AbortController();
    this.#tellDesired();
    const patch = this.#atConnect();
    if (patch !== undefined) await this.report(patch);
    if (this.#link !== link) return;
    for (const behaviour of this.#options.behaviours) behaviour.connected?.(this.#mirror.twin, this);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const missed of early) this.#desired(missed);
  }

  #gone(): void {
    this.#link = undefined;
    this.#connection.abort(GONE); // a reason of our own: the default one costs a stack trace for every device
    for (const behaviour of this.#options.behaviours) behaviour.disconnected?.(this);
  }

  /** What was set while the device was away; nothing when it knows it already. */
  #tellDesired(): void {
    const { desired } = this.#mirror.twin;
    const [version, patch] = [versionOf(desired), withoutVersion(desired)];
    if (version === this.#toldVersion) return;
    this.#toldVersion = version;
    if (Object.keys(patch).length > 0) this.emit({ event: 'desired', version, patch, source: 'twin' });
  }

  #atConnect(): JsonObject | undefined {
    const patches = this.#options.behaviours.map((behaviour) => behaviour.atConnect?.(this.#mirror.twin, this));
    const given = patches.filter((patch) => patch !== undefined);
    return given.length === 0 ? undefined : given.reduce((all, patch) => ({ ...all, ...patch }));
  }

  #desired(patch: JsonObject): void {
    if (this.#early !== undefined) {
      this.#early.push(patch);
      return;
    }
    if (!this.#mirror.desired(patch)) return;
    const [version, change] = [versionOf(patch), withoutVersion(patch)];
    this.#toldVersion = version;
    this.emit({ event: 'desired', version, patch: change, source: 'notification' });
    for (const behaviour of this.#options.behaviours) behaviour.desired?.(change, this.#mirror.twin, this);
  }

  async #message(message: CloudToDeviceMessage): Promise<void> {
    for (const behaviour of this.#options.behaviours) await behaviour.message?.(message, this);
  }
}

const GONE = 'the connection has ended';
const UNDISTURBED = { delayMs: 0, copies: 1 };

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
