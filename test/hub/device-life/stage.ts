import azureIotDevice, { type Client, type Message, type ModuleClient } from 'azure-iot-device';
import type { Client as ServiceClient, Registry } from 'azure-iothub';
import { vi } from 'vitest';
import { within } from '../../support/programs.ts';
import { newMessage } from '../front-ends/amqp/clients.ts';
import { Events } from './events.ts';
import type { Credentials, Reach } from './reach.ts';
import { TRANSPORT_CLASSES, type TransportName } from './transports.ts';

export const { Message: DeviceMessage } = azureIotDevice;

const HTTP_POLLS = { receivePolicy: { interval: 0.2, drain: true } };

/** What is said of a device when it is registered. */
export type DeviceFields = Partial<Parameters<Registry['create']>[0]>;

/** The service's side of a suite: what all behaviours share. */
export class Backend {
  readonly reach: Reach;
  readonly registry: Registry;
  /** What is to become of messages that asked for feedback, by message id. */
  readonly outcomes = new Map<string, 'Success' | 'Rejected'>();
  #service: Promise<ServiceClient> | undefined;
  #events: Events | undefined;

  constructor(reach: Reach) {
    this.reach = reach;
    this.registry = reach.registry();
  }

  get events(): Events {
    this.#events ??= new Events(this.reach.consumer());
    return this.#events;
  }

  service(): Promise<ServiceClient> {
    this.#service ??= openService(this.reach);
    return this.#service;
  }

  /** Ends what is open; the next use opens it again. */
  async close(): Promise<void> {
    await (await this.#service)?.close();
    await this.#events?.close();
    this.#service = undefined;
    this.#events = undefined;
  }
}

async function openService(reach: Reach): Promise<ServiceClient> {
  const service = reach.service();
  await service.open();
  return service;
}

/** One behaviour over one transport: its own devices and their clients. */
export class Stage {
  readonly backend: Backend;
  readonly transport: TransportName;
  readonly #name: string;
  readonly #open: (Client | ModuleClient)[] = [];
  #devices = 0;

  constructor(backend: Backend, transport: TransportName, name: string) {
    this.backend = backend;
    this.transport = transport;
    this.#name = name.replace(/\W+/g, '-');
  }

  /** Registers a device of this stage alone. */
  async newDevice(identity: DeviceFields = {}): Promise<Required<Pick<Credentials, 'deviceId' | 'key'>>> {
    this.#devices += 1;
    const deviceId = `${this.transport}-${this.#name}-${this.#devices}`;
    const { responseBody } = await this.backend.registry.create({ deviceId, ...identity });
    return { deviceId, key: responseBody.authentication?.symmetricKey?.primaryKey ?? '' };
  }

  /** Registers a module, and the device that it belongs to. */
  async newModule(): Promise<Required<Omit<Credentials, 'certificate'>>> {
    const { deviceId } = await this.newDevice();
    const { responseBody } = await this.backend.registry.addModule({ deviceId, moduleId: 'm' });
    return { deviceId, moduleId: 'm', key: responseBody.authentication?.symmetricKey?.primaryKey ?? '' };
  }

  /** An unmodified client that is to open by itself; it is closed with the stage. It keeps the retry policy of the SDK. */
  async newClient(credentials: Credentials): Promise<Client> {
    const { reach } = this.backend;
    const connectionString = reach.deviceString(this.transport, credentials);
    const client = azureIotDevice.Client.fromConnectionString(connectionString, TRANSPORT_CLASSES[this.transport]);
    const options = reach.deviceOptions(credentials);
    // Http alone takes this, and every other transport passes it over.
    await client.setOptions(
      this.transport === 'Http' ? { ...options, http: { ...options.http, ...HTTP_POLLS } } : options,
    );
    this.#open.push(client);
    return client;
  }

  /** A client that gives up at the first failure, opened. */
  async open(credentials: Credentials): Promise<Client> {
    const client = await this.newClient(credentials);
    client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
    await client.open();
    return client;
  }

  async openModule(credentials: Credentials): Promise<ModuleClient> {
    const { reach } = this.backend;
    const connectionString = reach.deviceString(this.transport, credentials);
    const client = azureIotDevice.ModuleClient.fromConnectionString(
      connectionString,
      TRANSPORT_CLASSES[this.transport],
    );
    await client.setOptions(reach.deviceOptions(credentials));
    this.#open.push(client);
    await client.open();
    return client;
  }

  /** Queues a message whose id is its text, for feedback in full. */
  async sendToDevice(deviceId: string, text: string, fields: Parameters<typeof newMessage>[1] = {}): Promise<void> {
    const service = await this.backend.service();
    await service.send(deviceId, newMessage(text, { messageId: text, ack: 'full', ...fields }));
  }

  /** How many messages wait for a device, those that it has not settled included. */
  async queueOf(deviceId: string): Promise<number> {
    const { responseBody } = await this.backend.registry.get(deviceId);
    return Number(responseBody.cloudToDeviceMessageCount);
  }

  async close(): Promise<void> {
    for (const client of this.#open.splice(0)) await client.close();
  }
}

/** The messages that a client receives until there are so many; it settles none. */
export function receive(client: Client, count: number): Promise<Message[]> {
  const all: Message[] = [];
  const coming = new Promise<Message[]>((resolve) => {
    // The listener stays: without one the SDK detaches its link.
    client.on('message', (message: Message) => {
      if (all.push(message) === count) resolve(all);
    });
  });
  return within(`${count} messages`, coming);
}

export function invoke(stage: Stage, credentials: Credentials, methodName: string, payload: unknown) {
  const { deviceId, moduleId } = credentials;
  const call = { methodName, payload, responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 10 };
  return stage.backend
    .service()
    .then((service) =>
      moduleId === undefined
        ? service.invokeDeviceMethod(deviceId, call)
        : service.invokeDeviceMethod(deviceId, moduleId, call),
    )
    .then(({ result }): unknown => result);
}

/** Waits for an expectation to hold. `expect.poll` knows no test while several run at once. */
export function eventually(expectation: () => unknown): Promise<unknown> {
  return vi.waitFor(expectation, { timeout: 10_000, interval: 20 });
}
