import type { Connection } from 'rhea';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEVICE_ENDPOINTS, SERVICE_ADDRESSES } from '../../src/hub/front-ends/amqp/addresses.ts';
import { connectRhea, detachError, putToken } from '../hub/front-ends/amqp/rhea-client.ts';
import { sasToken, startHub, type TestDevice, type TestHub } from '../support/hub.ts';

/** Every address of AMQP that the hub knows, from both ends: nobody attaches without a good credential. */
let hub: TestHub;
let other: TestDevice;
beforeAll(async () => {
  hub = await startHub();
  await hub.createDevice('d');
  other = await hub.createDevice('other');
});
afterAll(() => hub.close());

const partition = 'localhost/ConsumerGroups/$Default/Partitions/0';
const addresses = [
  ...[...DEVICE_ENDPOINTS.keys()].flatMap((end) => [`/devices/d/${end}`, `/devices/d/modules/m/${end}`]),
  ...[...SERVICE_ADDRESSES.keys()].filter((address) => address !== '$cbs'), // where credentials are shown
  '/messages/events',
  partition,
];

const REFUSALS = ['amqp:unauthorized-access', 'amqp:not-found', 'amqp:not-allowed'];

const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

describe.each(addresses)('%s', (address) => {
  test.each([
    ['nobody', () => undefined],
    ['another device', () => deviceToken(other)],
    ['a policy that has none of the permissions', () => policyToken('registryRead')],
  ])('refuses %s', async (_who, token) => {
    const connection = connectRhea(hub);
    await show(connection, token());
    const refusals = [connection.open_sender(address), connection.open_receiver(address)].map(detachError);
    for (const { condition } of await Promise.all(refusals)) {
      expect(REFUSALS).toContain(condition);
    }
    connection.close();
  });

  test.each([
    ['a wrong key', () => policyToken('iothubowner', { key: Buffer.alloc(32, 1).toString('base64') })],
    ['an expired token', () => policyToken('iothubowner', { expirySeconds: inAnHour() - 7300 })],
    ['a token for another hub', () => policyToken('iothubowner', { resource: 'elsewhere.azure-devices.net' })],
  ])('refuses %s already where it is shown, and then the link', async (_what, token) => {
    const connection = connectRhea(hub);
    expect(await putToken(connection, token())).toBe(401);
    const refusals = [connection.open_sender(address), connection.open_receiver(address)].map(detachError);
    for (const { condition } of await Promise.all(refusals)) expect(REFUSALS).toContain(condition);
    connection.close();
  });
});

async function show(connection: Connection, token: string | undefined): Promise<void> {
  if (token !== undefined) expect(await putToken(connection, token)).toBe(200);
}

function deviceToken({ deviceId, key }: TestDevice): string {
  return sasToken({ resource: `localhost/devices/${deviceId}`, key, expirySeconds: inAnHour() });
}

function policyToken(policyName: string, changes: Partial<Parameters<typeof sasToken>[0]> = {}): string {
  const key = hub.policyKey(policyName);
  return sasToken({ resource: 'localhost', key, expirySeconds: inAnHour(), policyName, ...changes });
}
