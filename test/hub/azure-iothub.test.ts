/** Every public method of the service SDK, called as it should be and for each documented refusal. */
import azureIotHub, { type Client } from 'azure-iothub';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newRegistry } from './azure-iothub/policy-clients.ts';
import { CLIENT_CASES, DIGITAL_TWIN_CASES, JOB_CLIENT_CASES, TWIN_CASES } from './azure-iothub/other-cases.ts';
import { REGISTRY_CASES } from './azure-iothub/registry-cases.ts';
import { World, type Cases, type Things } from './azure-iothub/world.ts';
import { openAmqpService } from './front-ends/amqp/clients.ts';

let world: World;
beforeAll(async () => {
  world = await World.make();
});
afterAll(() => world[Symbol.asyncDispose]());

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

cases('Registry', REGISTRY_CASES, ({ hub }) => hub.registry());
cases('JobClient', JOB_CLIENT_CASES, ({ hub }) => hub.jobClient());
cases('DigitalTwinClient', DIGITAL_TWIN_CASES, ({ hub }) => hub.digitalTwinClient());
cases('Twin', TWIN_CASES, async ({ hub, deviceId }) => (await hub.registry().getTwin(deviceId)).responseBody);
cases('Client', CLIENT_CASES, openClient);

// service-protocol.md, 2.2: the policy "device" opens no door of the service API
describe('Registry with a policy that may do nothing here', () => {
  const remote = Object.entries(REGISTRY_CASES).filter(([method]) => !method.startsWith('from'));
  test.each(remote)('is refused %s', async (_method, method) => {
    const things = await world.things();
    const calling = Promise.resolve(method.call(newRegistry(world.hub, 'device'), things));
    await expect(calling).rejects.toMatchObject({ name: 'UnauthorizedError' });
  });
});

test('a token of Microsoft Entra ID is refused: this hub knows keys and certificates only', async () => {
  const token = { token: 'header.payload.signature', expiresOnTimestamp: Date.now() + 3_600_000 };
  const registry = azureIotHub.Registry.fromTokenCredential('localhost', { getToken: () => Promise.resolve(token) });
  await expect(world.hub.redirect(registry).list()).rejects.toMatchObject({ name: 'UnauthorizedError' });
});

test('a client with the key of nobody is not let in', async () => {
  const key = Buffer.alloc(32).toString('base64');
  const connectionString = `HostName=localhost;SharedAccessKeyName=service;SharedAccessKey=${key}`;
  const opening = openAmqpService(world.hub, 'Amqp', connectionString);
  await expect(opening).rejects.toMatchObject({ amqpError: { name: 'UnauthorizedError' } });
});

function cases<Subject>(
  name: string,
  table: Cases<Subject>,
  open: (things: Things) => Subject | Promise<Subject>,
): void {
  const run = async (call: (client: Subject, things: Things) => unknown): Promise<void> => {
    const things = await world.things();
    const client = await open(things);
    try {
      await call(client, things);
    } finally {
      await (client as Partial<Client>).close?.();
    }
  };
  describe(name, () => {
    test.each(Object.entries(table))('%s does what it says', (_method, method) =>
      run((client, things) => method.call(client, things)),
    );
    const refusals = Object.entries(table).flatMap(([method, { refused }]) =>
      refused.map((refusal) => [method, refusal.when, refusal] as const),
    );
    test.each(refusals)('%s is refused when %s', async (_method, _when, refusal) => {
      const error: unknown = await run((client, things) => refusal.call(client, things)).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ name: refusal.name });
      if (refusal.code !== undefined) expect(codesOf(error as object)).toContain(refusal.code);
    });
  });
}

/** Messages go over AMQP, direct methods over HTTPS. */
async function openClient({ hub }: Things): Promise<Client> {
  return hub.redirect(await openAmqpService(hub));
}

function publicMethods(type: { prototype: object }): string[] {
  const own = Object.getOwnPropertyNames(type.prototype).filter((name) => name !== 'constructor');
  const statics = Object.getOwnPropertyNames(type).filter((name) => typeof Reflect.get(type, name) === 'function');
  return [...own, ...statics].filter((name) => !name.startsWith('_'));
}

/** What can be read of the hub's code in an SDK error: in the body, or the status where the SDK keeps nothing else. */
function codesOf(error: object): string {
  return `${String(Reflect.get(error, 'responseBody'))} ${String(Reflect.get(error, 'statusCode'))}`;
}
