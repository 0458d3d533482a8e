/** Every public method of the service SDK, called as it should be and for each documented refusal. */
import azureIotHub from 'azure-iothub';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newRegistry } from './azure-iothub/policy-clients.ts';
import { CLIENT_CASES, DIGITAL_TWIN_CASES, JOB_CLIENT_CASES, TWIN_CASES } from './azure-iothub/other-cases.ts';
import { REGISTRY_CASES } from './azure-iothub/registry-cases.ts';
import { describeServiceSdk } from './azure-iothub/suite.ts';
import { World, type Things } from './azure-iothub/world.ts';
import { openAmqpService } from './front-ends/amqp/clients.ts';
import { BlobPeer } from '../support/blob-peer.ts';
import { HubProcess } from '../support/hub-process.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { SdkHub } from '../support/sdk-hub.ts';

let hub: TestHub;
let storage: BlobPeer;
beforeAll(async () => {
  hub = await startHub();
  storage = await BlobPeer.start();
});
afterAll(async () => {
  await hub.close();
  await storage[Symbol.asyncDispose]();
});

const CLASSES = {
  Registry: REGISTRY_CASES,
  Client: CLIENT_CASES,
  JobClient: JOB_CLIENT_CASES,
  Twin: TWIN_CASES,
  DigitalTwinClient: DIGITAL_TWIN_CASES,
} as const;

/** Their refusals are those of the hub as such, proved below, or there are none. */
const WITHOUT_REFUSAL = {
  Registry: ['list', 'listJobs', 'getRegistryStatistics', 'getConfigurations', 'fromTokenCredential'],
  Client: ['open', 'close', 'getFeedbackReceiver', 'getFileNotificationReceiver', 'fromTokenCredential'],
  JobClient: ['fromTokenCredential'],
  Twin: ['toJSON'],
  DigitalTwinClient: [],
} as const satisfies Record<keyof typeof CLASSES, readonly string[]>;

describe.each(Object.keys(CLASSES) as (keyof typeof CLASSES)[])('%s', (name) => {
  test('has a case for every public method of the package, and no other', () => {
    expect(Object.keys(CLASSES[name]).sort()).toEqual(publicMethods(azureIotHub[name]).sort());
  });

  test('has a refusal for each of them, but for those that are named here', () => {
    const without = Object.entries(CLASSES[name]).filter(([, { refused }]) => refused.length === 0);
    expect(without.map(([method]) => method).sort()).toEqual([...WITHOUT_REFUSAL[name]].sort());
  });
});

describe('on a hub that runs', () => {
  describeServiceSdk(() =>
    Promise.resolve({
      hub,
      storage,
      interrupt: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  );
});

describe('on a hub that was killed and started again', () => {
  describeServiceSdk(async () => {
    const running = await HubProcess.onFreePorts();
    return {
      hub: new SdkHub(running),
      storage,
      interrupt: () => running.killAndRestart(),
      [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
    };
  });
});

// service-protocol.md, 2.2: the policy "device" opens no door of the service API
describe('Registry with a policy that may do nothing here', () => {
  let things: Things;
  beforeAll(async () => {
    things = await new World(hub, storage).things({ configuration: true });
  });
  const remote = Object.entries(REGISTRY_CASES).filter(([method]) => !method.startsWith('from'));
  test.each(remote)('is refused %s', async (_method, method) => {
    const calling = Promise.resolve(method.call(newRegistry(hub, 'device'), things));
    await expect(calling).rejects.toMatchObject({ name: 'UnauthorizedError' });
  });
});

test('a token of Microsoft Entra ID is refused: this hub knows keys and certificates only', async () => {
  const token = { token: 'header.payload.signature', expiresOnTimestamp: Date.now() + 3_600_000 };
  const registry = azureIotHub.Registry.fromTokenCredential('localhost', { getToken: () => Promise.resolve(token) });
  await expect(hub.redirect(registry).list()).rejects.toMatchObject({ name: 'UnauthorizedError' });
});

test('a client with the key of nobody is not let in', async () => {
  const key = Buffer.alloc(32).toString('base64');
  const connectionString = `HostName=localhost;SharedAccessKeyName=service;SharedAccessKey=${key}`;
  const opening = openAmqpService(hub, 'Amqp', connectionString);
  await expect(opening).rejects.toMatchObject({ amqpError: { name: 'UnauthorizedError' } });
});

function publicMethods(type: { prototype: object }): string[] {
  const own = Object.getOwnPropertyNames(type.prototype).filter((name) => name !== 'constructor');
  const statics = Object.getOwnPropertyNames(type).filter((name) => typeof Reflect.get(type, name) === 'function');
  return [...own, ...statics].filter((name) => !name.startsWith('_'));
}
