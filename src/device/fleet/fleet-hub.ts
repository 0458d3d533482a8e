import {
  type DeviceConnectionString,
  type DeviceHubChoice,
  findDeviceHub,
  formatDeviceConnectionString,
  type HubAddress,
  LOCAL_HUB,
  type ServiceHub,
  type Settings,
} from '../../config/index.ts';
import type { DeviceEndpoint } from '../../sdk/device-sdk.ts';
import { ProgramError } from '../../terminal/index.ts';
import type { Clock } from '../clock.ts';
import type { Credentials } from './credentials.ts';
import { registerFleet, type Registration } from './fleet-registration.ts';

export interface FleetHubOptions {
  readonly settings: Settings;
  readonly devices: readonly Registration[];
  /** From a file or a provisioning service; undefined: from the hub's registry. */
  readonly credentials: Credentials | undefined;
  readonly create: boolean;
  readonly startHub: () => Promise<void>;
  readonly notice: (line: string) => void;
  readonly progress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Devices that come back together look for the hub once. */
const LOOK_AGAIN_AFTER_MS = 500;
/** Credentials that were made later than this ago, and are refused, are not made again. */
const SETTLED_MS = 10_000;

/** A fleet's hub: found once for all its devices, looked for again when connections are lost, and all credentials with it. */
export class FleetHub {
  readonly #options: FleetHubOptions;
  #connections = new Map<string, DeviceConnectionString>();
  #choice: { readonly at: number; readonly found: Promise<DeviceHubChoice> } | undefined;
  #registering: { at: number; done: Promise<void> } | undefined;
  readonly #addresses = new Map<string, HubAddress>();

  constructor(options: FleetHubOptions) {
    this.#options = options;
  }

  /** Finds the hub, starting one when nothing is configured and none runs, and makes or reads credentials. */
  async prepare(): Promise<void> {
    const { settings, startHub, notice, credentials, devices, progress } = this.#options;
    if (credentials !== undefined) {
      const deviceIds = devices.map(({ deviceId }) => deviceId);
      this.#connections = new Map(await credentials.read(deviceIds, progress));
      return;
    }
    if ((await findDeviceHub(settings)).kind === 'noHubRunning') await startHub();
    const hub = await this.#serviceHub();
    if (hub.source === LOCAL_HUB) {
      const { mqttPort, httpsPort } = hub.address;
      notice(
        `using the local hub on localhost, MQTT ${mqttPort}, HTTPS ${httpsPort}${settings.hub === 'local' ? '' : ' (no connection string is set)'}`,
      );
    }
    await this.#register(hub);
  }

  async locate(deviceId: string): Promise<DeviceEndpoint> {
    const connection = this.#connections.get(deviceId);
    if (connection === undefined)
      throw new ProgramError('notFound', 'DeviceNotFound', `"${deviceId}" has no credentials`);
    if (this.#options.credentials !== undefined) return { connection, address: await this.#addressOf(connection) };
    return { connection, address: (await this.#serviceHub()).address };
  }

  /** A local hub that keeps nothing forgets its devices when it is restarted: they are registered anew, all at once. */
  async relocate(deviceId: string): Promise<DeviceEndpoint | undefined> {
    const { credentials, clock } = this.#options;
    if (credentials !== undefined) {
      const renewed = await credentials.renew(deviceId);
      if (renewed === undefined) return undefined;
      this.#connections.set(deviceId, renewed);
      return this.locate(deviceId);
    }
    const hub = await this.#serviceHub();
    if (!hub.address.local) return undefined;
    if (this.#registering === undefined || isOlder(this.#registering.at, SETTLED_MS, clock)) await this.#register(hub);
    else await this.#registering.done;
    return this.locate(deviceId);
  }

  async #serviceHub(): Promise<ServiceHub> {
    const choice = await this.#choose();
    if (choice.kind === 'service') return choice.hub;
    if (choice.kind === 'noHubRunning') {
      throw new ProgramError('noHub', 'NoHub', `no local hub runs for ${this.#options.settings.tandemHome}`, {
        hint: 'start one with: hub-admin hub',
      });
    }
    throw new ProgramError('wrongCall', 'WrongCall', `${choice.source} is the connection string of a single device`, {
      hint: 'a fleet needs IOTHUB_CONNECTION_STRING, or --devices-from <file>, or --hub local',
    });
  }

  #choose(): Promise<DeviceHubChoice> {
    const { clock, settings } = this.#options;
    if (this.#choice === undefined || isOlder(this.#choice.at, LOOK_AGAIN_AFTER_MS, clock)) {
      this.#choice = { at: clock.now(), found: findDeviceHub(settings) };
    }
    return this.#choice.found;
  }

  async #register(hub: ServiceHub): Promise<void> {
    const { devices, create, signal, progress, clock } = this.#options;
    const options = { create: create || hub.address.local, signal, progress };
    const done = registerFleet(hub, devices, options).then((connections) => {
      this.#connections = connections;
    });
    this.#registering = { at: clock.now(), done };
    await done;
    this.#registering.at = clock.now();
  }

  /** Strings of a file say where their hub is; the local hub's ports are in its discovery file. */
  async #addressOf(connection: DeviceConnectionString): Promise<HubAddress> {
    const key = `${connection.hostName} ${connection.gatewayHostName ?? ''}`;
    const known = this.#addresses.get(key);
    if (known !== undefined && !known.local) return known;
    const settings = {
      ...this.#options.settings,
      hub: undefined,
      deviceConnectionString: formatDeviceConnectionString(connection),
    };
    const choice = await findDeviceHub(settings);
    const address = choice.kind === 'device' ? choice.address : known;
    if (address === undefined) throw new ProgramError('noHub', 'NoHub', `no hub for ${connection.hostName}`);
    if (known?.local === true && !address.local) return known;
    this.#addresses.set(key, address);
    return address;
  }
}

/** A moment in the future was before the clock was set back. */
function isOlder(at: number, thanMs: number, clock: Clock): boolean {
  const age = clock.now() - at;
  return age > thanMs || age < 0;
}
