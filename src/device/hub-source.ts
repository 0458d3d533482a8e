import {
  addSecret,
  type DeviceConnectionString,
  type DeviceHubChoice,
  findDeviceHub,
  type HubAddress,
  LOCAL_HUB,
  type ServiceHub,
  type Settings,
} from '../config/index.ts';
import type { JsonObject } from '../sdk/device-link.ts';
import type { DeviceEndpoint } from '../sdk/device-sdk.ts';
import { ProgramError } from '../terminal/index.ts';
import { fetchDevice } from './device-identity.ts';

export interface HubSourceOptions {
  readonly settings: Settings;
  /** Asked for by a flag; undefined: the one in the string or in the settings. */
  readonly deviceId: string | undefined;
  /** Register the device when a real hub does not know it. On the local hub it always is. */
  readonly create: boolean;
  /** What the device gets as tags on the local hub; a real hub's tags are the operator's. */
  readonly tags?: ((deviceId: string) => JsonObject | undefined) | undefined;
  /** Starts a hub in this process; resolves when there is one, ours or another's that was first. */
  readonly startHub: () => Promise<void>;
  readonly notice: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Where the device's hub is and how it gets in: the table "Which hub" of architecture.md, asked anew for every connect. */
export class HubSource {
  readonly #options: HubSourceOptions;
  #asked = false;
  /** What was fetched, and for which hub: a local hub that was restarted may have forgotten the device. */
  #fetched: { readonly hub: string; readonly connection: DeviceConnectionString } | undefined;
  /** A string that belonged to the local hub still does while that hub is away. */
  #localAddress: HubAddress | undefined;

  constructor(options: HubSourceOptions) {
    this.#options = options;
  }

  /**
   * @throws ProgramError `noHub` while there is none, `notFound` or `refused` from a hub that was asked for the key
   */
  async locate(): Promise<DeviceEndpoint> {
    const choice = await this.#choose();
    const isFirst = !this.#asked;
    this.#asked = true;
    if (choice.kind === 'noHubRunning') throw noLocalHub(this.#options.settings);
    if (choice.kind === 'device') return this.#given(choice);
    if (isFirst && choice.hub.source === LOCAL_HUB) this.#options.notice(localHubNotice(choice.hub, this.#options));
    const connection = await this.#fetch(choice.hub, choice.deviceId);
    return { connection, address: choice.hub.address };
  }

  /** Other credentials after these were refused: undefined when they were given, not fetched. */
  async relocate(): Promise<DeviceEndpoint | undefined> {
    if (this.#fetched === undefined) return undefined;
    this.#fetched = undefined;
    return this.locate();
  }

  async #choose(): Promise<DeviceHubChoice> {
    const { settings, deviceId, startHub } = this.#options;
    const choice = await findDeviceHub(settings, deviceId);
    if (choice.kind !== 'noHubRunning' || this.#asked) return choice;
    await startHub();
    return findDeviceHub(settings, deviceId);
  }

  #given({ connection, address }: DeviceEndpoint): DeviceEndpoint {
    if (address.local) this.#localAddress = address;
    return { connection, address: this.#localAddress ?? address };
  }

  async #fetch(hub: ServiceHub, deviceId: string): Promise<DeviceConnectionString> {
    const identity = `${hub.connection.hostName} ${hub.connection.sharedAccessKey} ${hub.address.httpsPort}`;
    if (this.#fetched?.hub === identity) return this.#fetched.connection;
    const connection = await fetchDevice(hub, deviceId, {
      create: this.#options.create || hub.address.local,
      tags: hub.address.local ? this.#options.tags?.(deviceId) : undefined,
      signal: this.#options.signal,
    });
    if (connection.authentication.kind === 'sharedAccessKey') addSecret(connection.authentication.sharedAccessKey);
    this.#fetched = { hub: identity, connection };
    return connection;
  }
}

function noLocalHub(settings: Settings): ProgramError {
  return new ProgramError('noHub', 'NoHub', `no local hub runs for ${settings.tandemHome}`, {
    hint: 'start one with: hub-admin hub',
  });
}

function localHubNotice({ address }: ServiceHub, { settings }: HubSourceOptions): string {
  const why = settings.hub === 'local' ? '' : ' (no connection string is set)';
  return `using the local hub on localhost, MQTT ${address.mqttPort}, HTTPS ${address.httpsPort}${why}`;
}
