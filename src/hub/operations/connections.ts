import { HubError } from '../model/hub-error.ts';
import { describeTarget, keyTarget, targetKey, type Target } from '../model/identifiers.ts';
import type { JsonObject } from '../model/json.ts';
import { NEVER_SEEN, type Presence } from '../model/presence.ts';
import { formatTimestamp, NEVER } from '../model/timestamps.ts';
import type { HubContext, PresenceRecord } from './hub-context.ts';

/** Why the hub ends a connection. */
export type CloseReason = 'replaced' | 'disabled' | 'deleted' | 'tokenExpired' | 'stopping';

/** A direct method on its way to a device. */
export interface MethodCall {
  readonly name: string;
  /** JSON text; undefined = an empty body. */
  readonly payload: string | undefined;
  /** The device's answer; later ones are ignored. */
  respond(status: string | number, body: Buffer): void;
}

/** One device's connection in any protocol. The hub calls it, a front end implements it. */
export interface DeviceLink {
  /** Hands a call to the device; the result forgets it, because it was answered or nobody waits any more. */
  deliverMethod(call: MethodCall): () => void;
  /** Tells the device of a change of its desired properties; `patch` has `$version`. Only if it asked to be told. */
  deliverDesired(patch: JsonObject): void;
  /** There may be cloud-to-device messages: take them with `hub.cloudToDevice.receive` if the device listens for them. */
  messagesAvailable(): void;
  /** Ends the connection at once. `Connections.closed` is called as for any other end. */
  close(reason: CloseReason): void;
}

/** A connection that the hub knows of, current until another one of the same target takes its place. */
export interface Connection {
  readonly target: Target;
  readonly key: string;
  readonly link: DeviceLink;
  /** Whether the device listens for direct methods. */
  takesMethods: boolean;
  readonly closeListeners: Set<() => void>;
}

/** So many connects share a commit. */
const KEEP_PRESENCE_MS = 50;

/** Who is connected. One connection a target: a later one takes over. */
export class Connections {
  readonly #context: HubContext;
  readonly #current = new Map<string, Connection>();
  /** The connections of a device and its modules, for what ends them together. */
  readonly #byDevice = new Map<string, Set<Connection>>();
  readonly #lastActivityMs = new Map<string, number>();
  /** What is true now and not yet in the journal. */
  readonly #unkept = new Map<string, PresenceRecord>();
  #keeping: NodeJS.Timeout | undefined;
  readonly #waiting = new Map<string, Set<(connection: Connection) => void>>();

  constructor(context: HubContext) {
    this.#context = context;
    context.events.on('identityDeleted', ({ target }) => {
      this.#drop(target, 'deleted');
      for (const key of this.#unkept.keys()) if (!context.twins.has(key)) this.#unkept.delete(key);
    });
    context.events.on('identityUpdated', ({ target, disabled }) => {
      if (disabled) this.#dropDeviceAndModules(target.deviceId, 'disabled');
    });
  }

  get count(): number {
    return this.#current.size;
  }

  /**
   * Makes a proven connection the current one of its target; the one before is closed.
   *
   * A query behind the device's CONNACK finds it connected. Nothing of that waits for the journal: after a crash nobody is
   * connected anyway, and a commit for each connect would cost as much as its handshake.
   *
   * @throws HubError ThrottlingException; DeviceNotFound, DeviceDisabled when the device was deleted or disabled in between
   */
  open(target: Target, link: DeviceLink): Connection {
    const key = targetKey(target);
    this.#checkMayConnect(key);
    this.#context.throttles.count('connections');
    const connection: Connection = { target, key, link, takesMethods: false, closeListeners: new Set() };
    const before = this.#current.get(key);
    this.#enter(connection);
    if (before !== undefined) this.#end(before, 'replaced');
    this.#remember(key, true);
    this.#context.events.emit('connected', { target });
    return connection;
  }

  /** A front end tells that a connection has ended, for whatever reason. */
  closed(connection: Connection): void {
    this.#tellClosed(connection);
    if (!this.#leave(connection)) return; // replaced: the target is still connected
    this.#remember(connection.key, false);
    this.#context.events.emit('disconnected', { target: connection.target });
  }

  find(target: Target): Connection | undefined {
    return this.#current.get(targetKey(target));
  }

  /** The device sent or received something now. Costs a map entry, nothing durable: it is kept at the end of the connection. */
  heardFrom(key: string): void {
    this.#lastActivityMs.set(key, this.#context.now());
  }

  setTakesMethods(connection: Connection, takesMethods: boolean): void {
    connection.takesMethods = takesMethods;
    if (!takesMethods || this.#current.get(connection.key) !== connection) return;
    const waiting = this.#waiting.get(connection.key);
    this.#waiting.delete(connection.key);
    for (const tell of waiting ?? []) tell(connection);
  }

  /**
   * The connection of a target that takes direct methods, waiting for it as long as the caller allows.
   *
   * @throws HubError DeviceNotOnline when there is none in time
   * @see service-protocol.md, "Direct methods"
   */
  async whenTakesMethods(target: Target, connectTimeoutMs: number): Promise<Connection> {
    const connection = this.find(target);
    if (connection?.takesMethods === true) return connection;
    const later = connectTimeoutMs > 0 ? await this.#waitForMethods(targetKey(target), connectTimeoutMs) : undefined;
    if (later !== undefined) return later;
    throw new HubError(
      'DeviceNotOnline',
      `The operation failed because ${describeTarget(target)} is not online or has not registered the direct method callback. To learn more, see https://aka.ms/iothub404103`,
      { info: { timeout: formatTimeSpan(connectTimeoutMs) } },
    );
  }

  presence(key: string): Presence {
    const record = this.#unkept.get(key) ?? this.#context.presence.get(key);
    const lastActivityMs = Math.max(record?.lastActivityMs ?? 0, this.#lastActivityMs.get(key) ?? 0);
    if (record === undefined) {
      // Over HTTPS nobody is ever connected, but may be active. device-protocol.md, 12
      return lastActivityMs === 0 ? NEVER_SEEN : { ...NEVER_SEEN, lastActivityTime: formatTimestamp(lastActivityMs) };
    }
    return {
      connectionState: record.connected ? 'Connected' : 'Disconnected',
      connectionStateUpdatedTime: formatTimestamp(record.changedMs),
      lastActivityTime: lastActivityMs === 0 ? NEVER : formatTimestamp(lastActivityMs),
    };
  }

  /** After a start nobody is connected, whatever was kept when the hub ended. */
  async forgetConnected(): Promise<void> {
    const stale = [...this.#context.presence.entries()].filter(([, record]) => record.connected);
    await this.#context.store.change(() => {
      for (const [key, record] of stale) {
        this.#context.presence.put(key, { ...record, connected: false, changedMs: this.#context.now() });
      }
    });
  }

  /** Puts into the journal who came and who went. Runs by itself a moment after that; a hub that ends calls it. */
  async keepPresence(): Promise<void> {
    clearTimeout(this.#keeping);
    this.#keeping = undefined;
    const records = [...this.#unkept];
    if (records.length === 0) return;
    const { store, twins, presence } = this.#context;
    await store.change(() => {
      // A deleted device leaves nothing behind.
      for (const [key, record] of records) if (twins.has(key)) presence.put(key, record);
    });
    for (const [key, record] of records) if (this.#unkept.get(key) === record) this.#unkept.delete(key);
  }

  /** Ends all connections. */
  closeAll(reason: CloseReason): void {
    for (const connection of [...this.#current.values()]) connection.link.close(reason);
  }

  #drop(target: Target, reason: CloseReason): void {
    if (target.moduleId === undefined) this.#dropDeviceAndModules(target.deviceId, reason);
    else this.#end(this.find(target), reason);
  }

  #dropDeviceAndModules(deviceId: string, reason: CloseReason): void {
    for (const connection of [...(this.#byDevice.get(deviceId) ?? [])]) this.#end(connection, reason);
  }

  #enter(connection: Connection): void {
    this.#current.set(connection.key, connection);
    const { deviceId } = connection.target;
    const connections = this.#byDevice.get(deviceId);
    if (connections === undefined) this.#byDevice.set(deviceId, new Set([connection]));
    else connections.add(connection);
  }

  /** Whether it was the current connection of its target. */
  #leave(connection: Connection): boolean {
    const { deviceId } = connection.target;
    const connections = this.#byDevice.get(deviceId);
    if (connections?.delete(connection) === true && connections.size === 0) this.#byDevice.delete(deviceId);
    if (this.#current.get(connection.key) !== connection) return false;
    return this.#current.delete(connection.key);
  }

  #end(connection: Connection | undefined, reason: CloseReason): void {
    if (connection === undefined) return;
    this.#tellClosed(connection);
    connection.link.close(reason);
  }

  #tellClosed(connection: Connection): void {
    for (const listener of [...connection.closeListeners]) listener();
    connection.closeListeners.clear();
  }

  #remember(key: string, connected: boolean): void {
    const { presence, twins, now } = this.#context;
    const lastActivityMs = connected ? now() : (this.#lastActivityMs.get(key) ?? now());
    if (connected) this.#lastActivityMs.set(key, lastActivityMs);
    else this.#lastActivityMs.delete(key);
    if (!twins.has(key)) return;
    const before = this.#unkept.get(key) ?? presence.get(key);
    const changedMs = before?.connected === connected ? before.changedMs : now();
    this.#unkept.set(key, { connected, changedMs, lastActivityMs });
    // When the journal cannot be written the record stays here, is true, and is tried again with the next one.
    this.#keeping ??= setTimeout(() => void this.keepPresence().catch(() => undefined), KEEP_PRESENCE_MS).unref();
  }

  /** Looked at again: whoever was let in may have been deleted or disabled since. */
  #checkMayConnect(key: string): void {
    const target = keyTarget(key);
    if (!this.#context.twins.has(key)) {
      throw new HubError('DeviceNotFound', `${describeTarget(target)} is not registered`);
    }
    if (this.#context.devices.get(target.deviceId)?.status === 'disabled') {
      throw new HubError('DeviceDisabled', `device '${target.deviceId}' is disabled`);
    }
  }

  #waitForMethods(key: string, timeoutMs: number): Promise<Connection | undefined> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiting);
      const tell = (connection: Connection | undefined): void => {
        clearTimeout(timer);
        waiting.delete(tell);
        resolve(connection);
      };
      const timer = setTimeout(tell, timeoutMs, undefined);
      waiting.add(tell);
    });
  }
}

/** .NET's text form of a time span: `hh:mm:ss`. */
function formatTimeSpan(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
