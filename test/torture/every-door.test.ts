import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SERVICE_ROUTES } from '../../src/hub/front-ends/https/https-front-end.ts';
import { CONTROL_ROUTES } from '../../src/hub/front-ends/https/routes/control.ts';
import { rest } from '../support/rest.ts';
import { sasToken, startHub, type TestDevice, type TestHub } from '../support/hub.ts';

/** Every operation that the hub has, whoever adds one: nobody comes in without a good credential. */
let hub: TestHub;
let device: TestDevice;
let other: TestDevice;
beforeAll(async () => {
  hub = await startHub();
  device = await hub.createDevice('d');
  other = await hub.createDevice('other');
});
afterAll(() => hub.close());

const control = CONTROL_ROUTES({ stop: () => undefined, reset: () => Promise.resolve() });
const doors = [...SERVICE_ROUTES, ...control].filter(({ permissions }) => permissions !== 'open');
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

describe.each(doors.map(({ method, path }) => [method, path] as const))('%s %s', (method, pattern) => {
  const path = pattern.replace(/:\w+/g, 'd');

  test.each([
    ['nothing', () => null],
    ['an empty header', () => ''],
    ['an expired token', () => ownerToken({ expirySeconds: inAnHour() - 7300 })],
    ['a wrong key', () => ownerToken({ key: Buffer.alloc(32, 1).toString('base64') })],
    ['a token for another hub', () => ownerToken({ resource: 'elsewhere.azure-devices.net' })],
    ['a token for another path', () => ownerToken({ resource: 'localhost/elsewhere/d' })],
    ['the token of another device', () => deviceToken(other)],
    ['a token signed by a device in the name of a policy', () => ownerToken({ key: device.key })],
  ])('refuses %s', async (_what, authorization) => {
    const answer = await rest(hub, method, path, {
      authorization: authorization(),
      ...(method === 'GET' ? {} : { body: {} }),
    });
    expect(answer.status).toBe(401);
  });
});

function ownerToken(changes: { key?: string; resource?: string; expirySeconds?: number }): string {
  return sasToken({
    resource: 'localhost',
    key: hub.policyKey('iothubowner'),
    expirySeconds: inAnHour(),
    policyName: 'iothubowner',
    ...changes,
  });
}

function deviceToken({ deviceId, key }: TestDevice): string {
  return sasToken({ resource: `localhost/devices/${deviceId}`, key, expirySeconds: inAnHour() });
}
