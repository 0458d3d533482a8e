import { request } from 'node:https';
import azureIotCommon from 'azure-iot-common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDevice, report } from '../support/device.ts';
import { sasToken, startHub, type TestHub } from '../support/hub.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

describe('moving the clock of the hub', () => {
  test('ends the connection of a device whose token ends in the skipped time, and lets it come again', async () => {
    const device = await hub.createDevice('expiring');
    const client = await openDevice(hub, device);
    const ended = new Promise<void>((resolve) => {
      hub.server.hub.events.on('disconnected', ({ target }) => target.deviceId === 'expiring' && resolve());
    });
    await hub.server.hub.advanceTime(DAY_MS);
    await ended;
    await client.close();
    const again = await openDevice(hub, device);
    const { responseBody } = await hub.registry().get('expiring');
    expect(responseBody.connectionState).toBe('Connected');
    await again.close();
  });

  test('leaves a connection alone whose token does not end in between', async () => {
    const client = await openDevice(hub, await hub.createDevice('lasting'));
    await hub.server.hub.advanceTime(HOUR_MS / 2);
    const twin = await client.getTwin();
    await report(twin, { still: 'here' });
    await client.close();
  });

  test('dates what is written from then on', async () => {
    await hub.createDevice('dated');
    const before = await hub.registry().updateTwin('dated', { tags: { a: 1 } }, '*');
    await hub.server.hub.advanceTime(DAY_MS);
    const after = await hub.registry().updateTwin('dated', { properties: { desired: { a: 2 } } }, '*');
    const skipped = written(after.responseBody.properties.desired) - written(before.responseBody.properties.desired);
    expect(skipped).toBeGreaterThanOrEqual(DAY_MS);
    expect(skipped).toBeLessThan(DAY_MS + 60_000);
  });

  test('expires the cloud-to-device messages that nobody has fetched, and only those', async () => {
    await hub.createDevice('letters');
    const { cloudToDevice } = hub.server.hub;
    const message = (expiresMs: number | undefined) =>
      ({ body: Buffer.from('x'), properties: {}, systemProperties: {}, ack: 'none', expiresMs }) as const;
    await cloudToDevice.send('letters', message(undefined));
    await cloudToDevice.send('letters', message(Date.now() + DAY_MS));
    expect(cloudToDevice.count('letters')).toBe(2);
    await hub.server.hub.advanceTime(2 * HOUR_MS);
    expect(cloudToDevice.count('letters')).toBe(1);
    await hub.server.hub.advanceTime(DAY_MS);
    expect(cloudToDevice.count('letters')).toBe(0);
  });
});

describe('what falls due', () => {
  test('a job that was to begin tomorrow begins', async () => {
    await using other = await startHub();
    await other.createDevice('scheduled');
    const jobs = other.jobClient();
    const tomorrow = new Date(Date.now() + DAY_MS);
    const patch = { etag: '*', tags: { late: true } };
    await jobs.scheduleTwinUpdate('tomorrow', "deviceId = 'scheduled'", patch, tomorrow, 60);
    expect((await jobs.getJob('tomorrow')).jobStatus.status).not.toBe('completed');
    await other.server.hub.advanceTime(DAY_MS + 1000);
    await expect.poll(async () => (await jobs.getJob('tomorrow')).jobStatus.status).toBe('completed');
    const { responseBody } = await other.registry().getTwin('scheduled');
    expect(responseBody.tags).toEqual({ late: true });
  });

  test('telemetry that is older than the retention is dropped', async () => {
    await using other = await startHub();
    const client = await openDevice(other, await other.createDevice('talker'));
    await client.sendEvent(new azureIotCommon.Message('old'));
    const kept = (): number =>
      ['0', '1', '2', '3'].filter((id) => other.server.hub.eventLog.properties(id)?.isEmpty === false).length;
    expect(kept()).toBe(1);
    await other.server.hub.advanceTime(8 * DAY_MS);
    expect(kept()).toBe(0);
    await client.close();
  });
});

describe('the door for it', () => {
  test('tells the time, and moves it for the owner', async () => {
    const before = await call('GET');
    const after = await call('POST', { advanceMs: DAY_MS });
    expect(after.body.aheadMs).toBe(before.body.aheadMs + DAY_MS);
    expect(Date.parse(after.body.now)).toBeGreaterThanOrEqual(Date.parse(before.body.now) + DAY_MS);
  });

  test.each([
    ['backwards', { advanceMs: -1 }],
    ['by a part of a millisecond', { advanceMs: 0.5 }],
    ['by more than a hundred years', { advanceMs: 101 * 366 * DAY_MS }],
    ['by a text', { advanceMs: '1d' }],
    ['by nothing', {}],
  ])('does not move it %s', async (_what, body) => {
    expect((await call('POST', body)).status).toBe(400);
  });

  test('is closed to other policies', async () => {
    expect((await call('POST', { advanceMs: 1000 }, 'service')).status).toBe(401);
  });
});

function written(section: object): number {
  const { $metadata } = section as { $metadata: { $lastUpdated: string } };
  return Date.parse($metadata.$lastUpdated);
}

function call(
  method: string,
  body?: object,
  policyName = 'iothubowner',
): Promise<{ status: number; body: { now: string; aheadMs: number } }> {
  const key = hub.policyKey(policyName);
  const expirySeconds = azureIotCommon.anHourFromNow();
  const authorization = sasToken({ resource: 'localhost', key, expirySeconds, policyName });
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: 'localhost',
        port: hub.server.ports.https,
        path: '/$tandem/clock',
        method,
        ca: hub.ca,
        headers: { authorization },
      },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }));
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
